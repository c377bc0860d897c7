import type { PairMessage } from '@ownsight/protocol/events'

/** Every message anybody ever sent. The server keeps them all, and may use any of them for anything. */
export type Sent = { readonly typ: string; readonly e: string; readonly m: string | undefined }

export type Bag = {
  readonly all: Sent[]
  put(e: string, m?: string): void
  /** The `pick`th newest of a type, or of any type; undefined when there is none. */
  pick(typ: string | undefined, pick: number): Sent | undefined
}

export function createBag(): Bag {
  const known = new Set<string>()
  const all: Sent[] = []
  return {
    all,
    put(e, m) {
      const name = `${e} ${m ?? ''}`
      if (known.has(name)) return
      known.add(name)
      all.push({ typ: typOf(e), e, m })
    },
    pick(typ, pick) {
      const fitting = typ === undefined ? all : all.filter(each => each.typ === typ)
      return fitting.at(-1 - (pick % Math.max(1, fitting.length)))
    },
  }
}

const typs = new Map<string, string>()

/** The type its header claims; there are few headers. */
function typOf(e: string): string {
  const header = e.slice(0, Math.max(0, e.indexOf('.')))
  const known = typs.get(header)
  if (known !== undefined) return known
  const typ = /"typ":"([^"]*)"/.exec(Buffer.from(header, 'base64url').toString())?.[1] ?? ''
  if (typs.size < 1000) typs.set(header, typ)
  return typ
}

/** A request somebody made of the server, and waits for. */
export type Asked = {
  readonly kind: AskKind
  /** the camera it is for; the rendezvous id where it is for another device */
  readonly camId: string
  readonly body: { e: string; m?: string | undefined } | undefined
  readonly by: string
  answer(reply: Answer): void
  done: boolean
}
export type AskKind = 'beacon' | 'offer' | 'policy' | 'read' | 'pair' | 'redeem' | 'release' | 'join'
/** What comes back: an envelope, the two of a status, a pairing message, or a word of the server's own. */
export type Answer =
  | { e: string; m?: string | undefined; policy?: string | undefined }
  | { hint: 'offline' }
  | { refused: string }

/** The type an honest reply to each request has. */
export const REPLY_TYP: Readonly<Record<AskKind, string>> = {
  beacon: 'os1-beacon',
  offer: 'os1-answer',
  policy: 'os1-ack',
  read: 'os1-status',
  pair: 'os1-pair2',
  redeem: 'os1-redeemed',
  release: 'os1-released',
  join: 'os1-join2',
}

export const asPairMessage = (answer: Answer): PairMessage | undefined =>
  'e' in answer && answer.m !== undefined ? { e: answer.e, m: answer.m } : undefined
