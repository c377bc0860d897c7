import { createHash } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/**
 * What a relay answers, asked packet by packet from inside a namespace (RFC 8656). The first argument is a list of steps
 * as JSON; prints one line with what came of each: 0 for success, or the number of the error.
 */
export type Step =
  | { do: 'allocate'; username: string; password: string; lifetime?: number; family?: 4 | 6 }
  | { do: 'permit'; peer: string }
  | { do: 'refresh'; lifetime: number }
  | { do: 'wait'; ms: number }
  /** sends so many bytes a second to itself through the relay, and tells how many came back */
  | { do: 'pour'; bytesPerSecond: number; ms: number }
export type Probed = { codes: (number | null)[]; software: string | null; poured?: number }

type Message = {
  transactionId: Buffer
  bytes: Buffer
  setAttribute(name: string, value: unknown): Message
  addMessageIntegrity(key: Buffer): Message
  addFingerprint(): Message
  getAttributeValue(name: string): unknown
}
const require = createRequire(import.meta.url)
const ice = join(dirname(require.resolve('werift')), '..', '..', 'ice', 'src')
const stun = require(join(ice, 'stun/message.js')) as {
  Message: new (method: number, kind: number) => Message
  parseMessage(data: Buffer): Message | undefined
}
const { methods, classes } = require(join(ice, 'stun/const.js')) as {
  methods: Record<'ALLOCATE' | 'REFRESH' | 'CREATE_PERMISSION' | 'SEND', number>
  classes: Record<'REQUEST' | 'INDICATION', number>
}

const UDP = 0x11000000
const WAIT_MS = 2000
const CHUNK = 1000

async function probe(host: string, port: number, steps: readonly Step[]): Promise<Probed> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4')
  const waiting = new Map<string, (message: Message) => void>()
  let auth: { username: string; realm: string; nonce: Buffer; key: Buffer } | undefined
  let software: string | null = null
  let relayed: readonly [string, number] | undefined
  let came = 0
  socket.on('message', data => {
    const id = data.subarray(8, 20).toString('hex')
    if (!waiting.has(id)) came += data.length > CHUNK ? CHUNK : 0
    else waiting.get(id)?.(stun.parseMessage(data) as Message)
  })

  async function ask(make: () => Message): Promise<Message | null> {
    const message = make()
    if (auth)
      message
        .setAttribute('USERNAME', auth.username)
        .setAttribute('REALM', auth.realm)
        .setAttribute('NONCE', auth.nonce)
        .addMessageIntegrity(auth.key)
        .addFingerprint()
    const id = message.transactionId.toString('hex')
    const { promise, resolve } = Promise.withResolvers<Message | null>()
    waiting.set(id, resolve)
    const timer = setTimeout(resolve, WAIT_MS, null)
    socket.send(message.bytes, port, host)
    const reply = await promise
    clearTimeout(timer)
    waiting.delete(id)
    software ??= (reply?.getAttributeValue('SOFTWARE') as string | undefined) ?? null
    return reply
  }
  const codeOf = (reply: Message | null): number | null =>
    reply === null ? null : ((reply.getAttributeValue('ERROR-CODE') as [number] | undefined)?.[0] ?? 0)

  async function allocate(step: Extract<Step, { do: 'allocate' }>): Promise<number | null> {
    const make = () => {
      const message = new stun.Message(methods.ALLOCATE, classes.REQUEST)
      message.setAttribute('REQUESTED-TRANSPORT', UDP)
      if (step.lifetime) message.setAttribute('LIFETIME', step.lifetime)
      return message
    }
    auth = undefined
    const challenge = await ask(make)
    const realm = challenge?.getAttributeValue('REALM') as string | undefined
    if (!realm) return codeOf(challenge)
    const key = createHash('md5').update(`${step.username}:${realm}:${step.password}`).digest()
    auth = { username: step.username, realm, nonce: challenge?.getAttributeValue('NONCE') as Buffer, key }
    const reply = await ask(make)
    relayed = reply?.getAttributeValue('XOR-RELAYED-ADDRESS') as typeof relayed
    return codeOf(reply)
  }

  async function pour({ bytesPerSecond, ms }: Extract<Step, { do: 'pour' }>): Promise<number> {
    const data = Buffer.alloc(CHUNK, 7)
    const before = came
    const timer = setInterval(
      () => {
        const message = new stun.Message(methods.SEND, classes.INDICATION)
        message.setAttribute('XOR-PEER-ADDRESS', relayed).setAttribute('DATA', data)
        socket.send(message.bytes, port, host)
      },
      1000 / (bytesPerSecond / CHUNK),
    )
    await new Promise(resolve => setTimeout(resolve, ms))
    clearInterval(timer)
    await new Promise(resolve => setTimeout(resolve, 300))
    return Math.round(((came - before) * 1000) / ms)
  }

  const probed: Probed = { codes: [], software: null }
  for (const step of steps) {
    if (step.do === 'allocate') probed.codes.push(await allocate(step))
    else if (step.do === 'permit')
      probed.codes.push(
        codeOf(
          await ask(() =>
            new stun.Message(methods.CREATE_PERMISSION, classes.REQUEST).setAttribute('XOR-PEER-ADDRESS', [
              step.peer === 'itself' ? relayed?.[0] : step.peer,
              4000,
            ]),
          ),
        ),
      )
    else if (step.do === 'refresh')
      probed.codes.push(
        codeOf(
          await ask(() =>
            new stun.Message(methods.REFRESH, classes.REQUEST).setAttribute('LIFETIME', step.lifetime),
          ),
        ),
      )
    else if (step.do === 'pour') probed.poured = await pour(step)
    else await new Promise(resolve => setTimeout(resolve, step.ms))
  }
  socket.close()
  return { ...probed, software }
}

if (import.meta.main) {
  const [host = '', port = '', steps = '[]'] = process.argv.slice(2)
  process.stdout.write(`${JSON.stringify(await probe(host, Number(port), JSON.parse(steps)))}\n`)
}
