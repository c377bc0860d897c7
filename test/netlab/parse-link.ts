import { bursty, type LinkSettings } from './link-settings.ts'

/** Words of a link on the command line, and what each means. */
export const LINK_WORDS = `5%         of the packets are lost, each way
burst4     and lost in bursts of 4 on average
100ms      round trip: half of it each way
jitter20ms each packet up to that much later, in order
1mbit      rate each way; also 300kbit
queue30kB  what may wait for the rate (else 300 ms of it)
dup1%      delivered twice
reorder1%  delivered 20 ms late, after later ones
hole       nothing passes`

const RULES: readonly [RegExp, (value: number) => Partial<LinkSettings>][] = [
  [/^(\d+(?:\.\d+)?)%$/, value => ({ loss: value / 100 })],
  [/^(\d+(?:\.\d+)?)ms$/, value => ({ delay: value / 2 })],
  [/^jitter(\d+(?:\.\d+)?)ms$/, value => ({ jitter: value })],
  [/^(\d+(?:\.\d+)?)kbit$/, value => ({ rate: value })],
  [/^(\d+(?:\.\d+)?)mbit$/, value => ({ rate: value * 1000 })],
  [/^queue(\d+(?:\.\d+)?)kB$/, value => ({ queue: value * 1000 })],
  [/^dup(\d+(?:\.\d+)?)%$/, value => ({ duplicate: value / 100 })],
  [/^reorder(\d+(?:\.\d+)?)%$/, value => ({ reorder: value / 100 })],
  [/^hole$/, () => ({ hole: true })],
]
const BURST = /^burst(\d+(?:\.\d+)?)$/

/**
 * Reads `5%,100ms,1mbit`: settings for each direction of one line.
 * @throws Error that names the word
 */
export function parseLink(text: string): Partial<LinkSettings> {
  const words = text.split(',').filter(word => word !== '')
  const settings: Partial<LinkSettings> = Object.assign({}, ...words.map(parseWord))
  const length = words.map(word => BURST.exec(word)?.[1]).find(Boolean)
  if (length === undefined) return settings
  if (settings.loss === undefined)
    throw new Error(`"burst${length}" says how losses come: add how many, as 5%`)
  return { ...settings, loss: 0, burst: bursty(settings.loss, Number(length)) }
}

function parseWord(word: string): Partial<LinkSettings> {
  if (BURST.test(word)) return {}
  for (const [pattern, settings] of RULES) {
    const match = pattern.exec(word)
    if (match) return settings(Number(match[1]))
  }
  throw new Error(`"${word}" says nothing about a link; what does:\n${LINK_WORDS}`)
}
