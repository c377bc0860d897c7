import type { TurnOptionsInput } from '@ownsight/turn-config/options'
import type { Started } from '../support/processes.ts'
import { login, PORT, RELAY, type TurnStage } from './turn-stage.ts'
import type { Said, Step, Talk } from './turn-talk.ts'

export type Asked = { readonly stage: TurnStage; readonly coturn: Started; readonly line: string }

/** A line that the renderer writes, and how a coturn that obeys it is told from one that was not given it. */
export type Row = {
  /** as the table in docs/TURN.md calls it */
  readonly name: string
  readonly line: RegExp
  /** what is done, and what came of it with the line and without */
  readonly asks: string
  readonly look: (asked: Asked) => Promise<string>
  readonly yes: string
  readonly no: string
  /** settings that the stage takes for it */
  readonly change?: Partial<TurnOptionsInput>
  /** done to both files, so that this line alone decides; in words too */
  readonly alone?: readonly [words: string, edit: (text: string, stage: TurnStage) => string]
  /** why taking it away shows nothing: `no` is then what `yes` is */
  readonly same?: string
}

export const GRANTED = 'granted'
export const word = ({ code }: Said): string =>
  code === 0 ? GRANTED : code === null ? 'no answer' : `refused (${code})`
/** One word for all of them, or each. */
const words = (all: readonly Said[]): string => [...new Set(all.map(word))].join(', ')

const host = { host: RELAY.ipv4, port: PORT }
export const steps = ({ stage }: Asked, all: readonly Step[], to: Partial<Talk> = {}): Promise<Said[]> =>
  stage.probe.talk({ ...host, ...to, steps: all })
export const allocate = (more: object = {}): Step => ({ do: 'allocate', ...login(), ...more })
export const last = (said: readonly Said[]): Said => said.at(-1) ?? { code: null }
export const valueIn = (line: string): string => line.slice(line.indexOf('=') + 1)

export const permits = async (asked: Asked, peers: readonly string[]): Promise<string> => {
  const family = peers.some(peer => peer.includes(':')) ? { family: 'ipv6' } : {}
  const [first = { code: null }, ...said] = await steps(asked, [
    allocate(family),
    ...peers.map(peer => ({ do: 'permit', peer }) as const),
  ])
  return first.code === 0 ? words(said) : `no allocation: ${word(first)}`
}
export const ends = (asked: Asked): Promise<string> => permits(asked, valueIn(asked.line).split('-'))
export const tls =
  (version: 'TLSv1' | 'TLSv1.1' | 'TLSv1.2', port = 443) =>
  ({ stage }: Asked): Promise<string> =>
    stage.probe.tls({ host: RELAY.ipv4, port, tls: version, ca: stage.ca.ca })
export const bind = async (asked: Asked, to: Partial<Talk> = {}): Promise<Said> =>
  last(await steps(asked, [{ do: 'bind' }], to))
export const without = (line: RegExp) => (text: string) => text.replace(line, '')
export const also = (lines: string) => (text: string) => `${text}\n${lines}\n`
