import type { LiveSession } from '../../support/live-session.ts'
import type { Stage } from './stage.ts'

/** What a log or stderr must never hold: a line of a crash, or a fault that nobody foresaw. */
const FAULT =
  /uncaught|unhandled|"event":"fault"|unexpected fault|^\s+at .+:\d+:\d+\)?$|(?:Type|Range|Reference)Error|heap out of memory/im

const lineWith = (text: string): string | undefined => text.split('\n').find(line => FAULT.test(line))

/** One line for each process that has ended, each fault told in a log, each session that is over. */
export function faultsOf({ signaling, agent, viewers }: Stage): string[] {
  const found: string[] = []
  for (const [name, { child }, text] of [
    ['signaling', signaling, signaling.output()],
    ['agent', agent, agent.stderr()],
  ] as const) {
    if (child.exitCode !== null || child.signalCode !== null)
      found.push(`${name} ended with ${child.exitCode ?? child.signalCode}`)
    const line = lineWith(text)
    if (line !== undefined) found.push(`${name} wrote: ${line.slice(0, 300)}`)
  }
  for (const [i, { viewer, heard }] of viewers.entries()) {
    const ended = heard('ended')[0]
    if (ended || viewer.states.includes('closed') || viewer.states.includes('failed'))
      found.push(`the session of viewer ${i} is over`)
  }
  return found
}

/** Frames at the viewers; `take` gives the longest time that either had none since the last `take`. */
export function watchPictures(viewers: readonly LiveSession[]): { take(): number } {
  const watched = viewers.map(({ viewer }) => ({
    rtp: viewer.rtp,
    frame: -1,
    at: performance.now(),
    longest: 0,
  }))
  const look = (): void => {
    for (const each of watched) {
      const now = performance.now()
      const frame = each.rtp.findLast(packet => packet.kind === 'video')?.timestamp ?? -1
      each.longest = Math.max(each.longest, now - each.at)
      if (frame !== each.frame) each.at = now
      each.frame = frame
    }
  }
  setInterval(look, 50).unref()
  return {
    take() {
      look()
      const longest = Math.max(...watched.map(each => each.longest))
      for (const each of watched) each.longest = 0
      return longest
    },
  }
}
