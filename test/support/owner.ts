import { randomBytes } from 'node:crypto'
import { sealAuth } from '@ownsight/protocol/challenge'
import { openEnvelope, seal } from '@ownsight/protocol/envelope'
import type { Challenge, PairMessage, Reply } from '@ownsight/protocol/events'
import { generateKeyPair, type KeyPair } from '@ownsight/protocol/ids'
import type { Policy } from '@ownsight/protocol/messages'
import { parsePairingCode } from '@ownsight/protocol/pairing'
import { beginOwnerPairing, type PairedCamera } from '@ownsight/protocol/pairing-owner'
import { newRootSeed, rootKeyPair } from '@ownsight/protocol/recovery'
import { io, type Socket } from 'socket.io-client'

/** An owner without a browser: the real protocol over the real server, with keys the test can reach into. */
export type Owner = {
  readonly origin: string
  readonly root: KeyPair
  readonly admin: KeyPair
  readonly view: KeyPair
  readonly auth: KeyPair
  readonly socket: Socket
  request(method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }>
  close(): void
}

export type Credentials = { token: string } | { invitation: string }

/** Signs up a new account and connects one authenticated device of it. */
export async function createOwner(
  origin: string,
  credentials: Credentials,
  name = `owner-${randomBytes(4).toString('hex')}`,
): Promise<Owner> {
  const keys = {
    root: await rootKeyPair(newRootSeed()),
    admin: await generateKeyPair(),
    view: await generateKeyPair(),
    auth: await generateKeyPair(),
  }
  let cookie = ''
  async function request(method: string, path: string, body?: unknown) {
    const response = await fetch(origin + path, {
      method,
      headers: {
        origin,
        'sec-fetch-site': 'same-origin',
        ...(cookie ? { cookie } : {}),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const set = response.headers.getSetCookie()[0]
    if (set) cookie = set.split(';')[0] ?? ''
    const text = await response.text()
    return { status: response.status, body: text ? (JSON.parse(text) as unknown) : undefined }
  }
  const password = randomBytes(12).toString('base64url')
  expectStatus(await request('POST', '/api/sign-up', { ...credentials, name, password }), 201)
  expectStatus(await request('POST', '/api/devices', { auth: keys.auth.publicKey }), 201)
  const socket = await connectViewer(origin, keys.auth)
  return { origin, ...keys, socket, request, close: () => socket.disconnect() }
}

function expectStatus(answer: { status: number; body: unknown }, status: number): void {
  if (answer.status !== status)
    throw new Error(`expected ${status}, got ${answer.status}: ${JSON.stringify(answer.body)}`)
}

/** A socket of the viewer namespace that has answered its challenge, and answers each new one after a reconnect. */
export async function connectViewer(origin: string, auth: KeyPair): Promise<Socket> {
  const socket = io(`${origin}/viewer`, {
    transports: ['websocket'],
    forceNew: true,
    extraHeaders: { origin },
    auth: { agent: 'viewer/0.1.0', versions: [1] },
    reconnectionDelay: 200,
    reconnectionDelayMax: 1000,
  })
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  socket.on('connect_error', reject)
  socket.on('challenge', async (challenge: Challenge) => {
    const jws = await sealAuth(challenge, { key: auth, role: 'viewer', origin })
    // One that is cut off meanwhile is challenged again.
    const reply = await socket
      .timeout(5000)
      .emitWithAck('auth', { auth: jws })
      .catch(() => ({ hint: 'no_reply' }))
    if (reply.ok) resolve()
    else reject(new Error(`not authenticated: ${reply.hint}`))
  })
  await promise
  return socket
}

const ask = (socket: Socket, event: string, request: unknown) =>
  socket.timeout(20_000).emitWithAck(event, request)

/** The whole ceremony with the code the camera shows. */
export async function pairCamera(owner: Owner, code: string): Promise<PairedCamera> {
  const pairing = await beginOwnerPairing(parsePairingCode(code), { ...owner, root: owner.root.publicKey })
  const say = async (msg: PairMessage): Promise<PairMessage> => {
    const reply: Reply<'pair'> = await ask(owner.socket, 'pair', { rid: pairing.rid, msg })
    if ('msg' in reply) return reply.msg
    throw new Error(`pairing refused: ${JSON.stringify(reply)}`)
  }
  const second = await say(pairing.first)
  const third = await pairing.onSecond(second)
  return pairing.onFourth(await say(third))
}

/** Signs and sends the next policy; returns what the camera acknowledged. */
export async function updatePolicy(
  owner: Owner,
  camera: { camId: string; key: PairedCamera['key'] },
  current: { policy: Policy; hash: string },
  change: Partial<Policy>,
): Promise<{ policy: Policy; hash: string; jws: string; n: number }> {
  const policy: Policy = {
    ...current.policy,
    ...change,
    n: current.policy.n + 1,
    prev: current.hash,
    iss: owner.admin.id,
  }
  const jws = await seal('os1-policy', policy, owner.admin.sign)
  const reply: Reply<'policy'> = await ask(owner.socket, 'policy', { cam: camera.camId, policy: jws })
  if (!('ack' in reply)) throw new Error(`policy refused: ${JSON.stringify(reply)}`)
  const ack = await openEnvelope('os1-ack', reply.ack, () => camera.key)
  const opened = await openEnvelope('os1-policy', jws, () => owner.admin.publicKey)
  return { policy, hash: opened.hash, jws, n: ack.payload.n }
}

export async function readPolicy(
  owner: Owner,
  camera: PairedCamera,
): Promise<{ policy: Policy; hash: string }> {
  const { payload, hash } = await openEnvelope('os1-policy', camera.policy, () => owner.admin.publicKey)
  return { policy: payload, hash }
}
