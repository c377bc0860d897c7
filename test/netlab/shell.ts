import { createInterface } from 'node:readline'
import type { Home } from './home.ts'
import type { Lab } from './lab.ts'
import type { LinkStatistics } from './link.ts'
import { PERFECT } from './link-settings.ts'
import { LINK_WORDS, parseLink } from './parse-link.ts'
import { TRACES, type TraceName } from './trace.ts'

/** What a person types while a lab is open: the name of a home, a verb, its words. */
export const SHELL_HELP = `While it is open, type:
  HOME link WORDS     the line, from now on: viewer link 10%,300ms,300kbit
  HOME hole on|off    nothing passes, or all again
  HOME follow TRACE   ${TRACES.join(', ')}, or "none"; it begins again at its end
  HOME move           new addresses, as from Wi-Fi to mobile
  HOME rebind         the box forgets its mappings
  HOME udp open|blocked
  HOME statistics
  quit                or Ctrl-C

WORDS of a link, with commas between them:
${LINK_WORDS.replaceAll(/^/gm, '  ')}`

type Say = (line: string) => void
type Verb = (home: Home, words: readonly string[], say: Say) => Promise<void>

const VERBS: Record<string, Verb> = {
  link: (home, [words = '']) => home.line.set({ ...PERFECT, ...parseLink(words) }),
  hole: (home, [word]) => home.line.blackHole(oneOf(['on', 'off'], word) === 'on'),
  follow: (home, [word]) =>
    home.line.follow(word === 'none' ? null : oneOf<TraceName>(TRACES, word), { loop: true }),
  async move(home, _, say) {
    await home.moveAddress()
    say(`now ${home.addresses().join(' and ')}`)
  },
  rebind: home => home.rebind(),
  udp: (home, [word]) => home.change({ udp: oneOf(['open', 'blocked'], word) }),
  async statistics(home, _, say) {
    const { up, down } = await home.line.statistics()
    say(`up   ${oneLine(up)}`)
    say(`down ${oneLine(down)}`)
  },
}

/** Follows one line of text. @throws Error that says what can be typed instead */
export async function obeyLine(lab: Lab, line: string, say: Say): Promise<void> {
  const [name = '', verb = '', ...words] = line.trim().split(/\s+/)
  const home = lab.homes[oneOf(Object.keys(lab.homes), name)]!
  await VERBS[oneOf(Object.keys(VERBS), verb)]!(home, words, say)
}

/** Until "quit", the end of stdin, or Ctrl-C. */
export async function converse(lab: Lab, say: Say): Promise<void> {
  const lines = createInterface({ input: process.stdin })
  const stop = (): void => lines.close()
  process.once('SIGINT', stop).once('SIGTERM', stop)
  for await (const line of lines) {
    if (line.trim() === 'quit') break
    if (line.trim() === '') continue
    await obeyLine(lab, line, say).then(
      () => say('ok'),
      (error: Error) => say(error.message),
    )
  }
}

function oneOf<T extends string>(all: readonly T[], word: string | undefined): T {
  const found = all.find(each => each === word)
  if (found === undefined) throw new Error(`"${word ?? ''}" is none of ${all.join(', ')}`)
  return found
}

function oneLine({ in: taken, out, dropped, queue, duplicated, overtaken, late }: LinkStatistics): string {
  const causes = Object.entries(dropped).map(([cause, count]) => `${cause} ${count}`)
  return [
    `${taken.packets} packets in, ${out.packets} out (${out.bytes} bytes)`,
    `dropped: ${causes.join(', ')}`,
    `twice ${duplicated}, overtaken ${overtaken}`,
    `queue ${queue.packets} packets, ${queue.delay.toFixed(0)} ms (peak ${queue.peak.toFixed(0)})`,
    `the lab was late by ${late.toFixed(1)} ms at most`,
  ].join('; ')
}
