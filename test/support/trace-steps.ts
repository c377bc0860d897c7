import { subscribe } from 'node:diagnostics_channel'
import { writeSync } from 'node:fs'
import { STEP_CHANNEL } from '@ownsight/camera-agent/steps'

/** Preloaded into an agent under strace: writes each step to stderr at once, so that the trace shows its place. */
subscribe(STEP_CHANNEL, name => void writeSync(2, `step ${String(name)}\n`))
