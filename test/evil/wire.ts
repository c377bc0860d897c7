/** The text frames of socket.io over a websocket (Engine.IO 4, Socket.IO protocol 5), as far as our programs use them. */

/** Frames that carry an event or the reply to one; everything else passes as it is. */
export type Frame = {
  readonly is: 'event' | 'reply'
  readonly namespace: string
  /** the number that ties a reply to its event; absent where none is asked for */
  readonly id?: number
  /** of an event */
  readonly event?: string
  readonly body: unknown
}

const FRAME = /^4([23])(?:(\/[^,]*),)?(\d+)?(\[.*\])$/s

export function parseFrame(text: string): Frame | undefined {
  const match = FRAME.exec(text)
  if (!match) return undefined
  const [, type, namespace = '/', id, json = '[]'] = match
  const values = readJson(json)
  if (!values) return undefined
  const number = id === undefined ? {} : { id: Number(id) }
  if (type === '3') return { is: 'reply', namespace, ...number, body: values[0] }
  return { is: 'event', namespace, ...number, event: String(values[0]), body: values[1] }
}

function readJson(json: string): unknown[] | undefined {
  try {
    return JSON.parse(json) as unknown[]
  } catch {
    return undefined
  }
}

export function formatFrame(frame: Frame): string {
  const { is, namespace, id = '', event, body } = frame
  const where = namespace === '/' ? '' : `${namespace},`
  const values = is === 'event' ? [event, ...(body === undefined ? [] : [body])] : [body]
  return `4${is === 'event' ? 2 : 3}${where}${id}${JSON.stringify(values)}`
}

/** A client's wish to enter a namespace. */
export const enteredNamespace = (text: string): string | undefined => /^40(\/[^,]*),?/.exec(text)?.[1]

const ENVELOPE = /^[\w-]{10,}\.[\w-]+\.[\w-]{20,}$/

/** Every signed envelope in a message, wherever it stands, with what puts another in its place. */
export function envelopesIn(body: unknown): { jws: string; replace: (jws: string) => unknown }[] {
  if (typeof body === 'string') return ENVELOPE.test(body) ? [{ jws: body, replace: jws => jws }] : []
  if (typeof body !== 'object' || body === null) return []
  return Object.entries(body).flatMap(([member, value]) =>
    envelopesIn(value).map(({ jws, replace }) => ({
      jws,
      replace: (other: string) => ({ ...body, [member]: replace(other) }),
    })),
  )
}

export type Claims = { typ: string; iss?: string; aud?: string; sid?: string; [claim: string]: unknown }

/** What an envelope says of itself, unchecked: for choosing victims, as the server itself could. */
export function claimsOf(jws: string): Claims | undefined {
  try {
    const [header = '', payload = ''] = jws.split('.')
    const read = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString())
    return { ...read(payload), typ: read(header).typ }
  } catch {
    return undefined
  }
}
