import { subscribe } from 'node:diagnostics_channel'
import { STEP_CHANNEL } from '@ownsight/camera-agent/steps'

/** Preloaded into an agent (`--import`): ends it with SIGKILL at the named step, before anything after it runs. */
const wanted = process.env.CRASH_AT
subscribe(STEP_CHANNEL, name => {
  if (name === wanted) process.kill(process.pid, 'SIGKILL')
})
