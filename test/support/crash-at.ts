import { subscribe } from 'node:diagnostics_channel'
import { STEP_CHANNEL } from '@ownsight/camera-agent/steps'

/**
 * Preloaded into an agent (`--import`): ends it with SIGKILL at the named step, before anything after it runs.
 * CRASH_AFTER names a step that must have come before: files are written for more than one reason. CRASH_SKIP lets the
 * step pass so many times first.
 */
const { CRASH_AT, CRASH_AFTER } = process.env
let skip = Number(process.env.CRASH_SKIP ?? 0)
let armed = CRASH_AFTER === undefined
subscribe(STEP_CHANNEL, name => {
  if (armed && name === CRASH_AT && skip-- <= 0) process.kill(process.pid, 'SIGKILL')
  if (name === CRASH_AFTER) armed = true
})
