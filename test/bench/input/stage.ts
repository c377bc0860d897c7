import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { getPriority, setPriority } from 'node:os'
import { join } from 'node:path'
import { generateKeyPair, type KeyPair } from '@ownsight/protocol/ids'
import { isServing, startAgent, type TestAgent } from '../../support/agent.ts'
import { type LiveSession, watchLive } from '../../support/live-session.ts'
import { createOwner, type Owner, pairCamera } from '../../support/owner.ts'
import { type SignalingProcess, spawnTestSignaling } from '../../support/signaling.ts'
import type { Amounts } from './load.ts'
import type { FromLoads, LoadName, ToLoads } from './loads.ts'
import { droppedAt } from './memory.ts'
import type { FromTap, ToTap } from './viewer-tap.ts'

/** The real server, a real agent with its camera, two honest viewers with a picture, and somebody who means no good. */
export type Stage = {
  readonly signaling: SignalingProcess
  readonly agent: TestAgent
  /** a device of the owner, for challenges */
  readonly device: KeyPair
  readonly viewers: readonly LiveSession[]
  /** Both begin at once; `enough` says that the time is up, and what was sent comes when the amount is reached too. */
  load(name: LoadName): Promise<string>
  /** Changed packets from the first viewer's own address. */
  flood(count: number, perSecond: number): Promise<string>
  /** packets to the camera's media ports that the kernel did not hand over */
  dropped(): number
  enough(): void
  close(): Promise<void>
}

const tap = join(import.meta.dirname, 'viewer-tap.ts')
const program = join(import.meta.dirname, 'loads-process.ts')

export async function openStage(options: { amounts: Amounts; seed: number }): Promise<Stage> {
  const opened: (() => unknown)[] = []
  const close = async (): Promise<void> => {
    for (const each of opened.splice(0).reverse()) await each()
  }
  try {
    return await open(options, opened, close)
  } catch (error) {
    await close()
    throw error
  }
}

async function open(
  { amounts, seed }: { amounts: Amounts; seed: number },
  opened: (() => unknown)[],
  close: () => Promise<void>,
): Promise<Stage> {
  const signaling = await spawnTestSignaling()
  opened.push(() => signaling.close())
  const { origin } = signaling
  const agent = startAgent({ server: origin })
  opened.push(() => agent.dispose())
  const owner = await createOwner(origin, { token: signaling.setupToken }, 'the owner')
  opened.push(() => owner.close())
  const device = await generateKeyPair()
  await owner.request('POST', '/api/devices', { auth: device.publicKey })
  const camera = await pairCamera(owner, await agent.code())
  await agent.report(isServing)
  const viewers: LiveSession[] = []
  for (let i = 0; i < 2; i++) {
    const viewer = await watchLive(owner, camera, { preload: tap })
    opened.push(() => viewer.close())
    viewers.push(viewer)
  }
  const loads = await startLoads({ do: 'begin', origin, invitation: await invitation(owner), amounts, seed })
  opened.push(() => loads.child.kill('SIGKILL'))
  const media = await Promise.all(viewers.map(packetsOf))
  loads.tell({ do: 'media', media })
  return {
    signaling,
    agent,
    device,
    viewers,
    load: loads.load,
    flood: (count, perSecond) => flood(viewers[0] as LiveSession, { do: 'flood', count, perSecond, seed }),
    dropped: () => droppedAt(media.map(({ place }) => place.port)),
    enough: () => loads.tell({ do: 'enough' }),
    close,
  }
}

async function invitation(owner: Owner): Promise<string> {
  const { body } = await owner.request('POST', '/api/invitations')
  return (body as { invitation: string }).invitation
}

async function startLoads(first: ToLoads) {
  const child = fork(program, { stdio: 'inherit' })
  // A stranger's computer is not this one: what its end costs must not slow ours.
  setPriority(child.pid ?? 0, Math.min(19, getPriority() + 10))
  const tell = (message: ToLoads): void => void child.send(message)
  tell(first)
  await heard<FromLoads>(child, message => message.is === 'ready')
  return {
    child,
    tell,
    async load(name: LoadName): Promise<string> {
      tell({ do: 'load', name })
      const done = await heard<FromLoads>(child, message => message.is === 'sent' && message.name === name)
      return done.is === 'sent' ? done.sent : ''
    },
  }
}

/** By the first byte (RFC 7983 §7). SCTP travels within DTLS. */
const between = (from: number, to: number) => (packet: string) => {
  const first = Buffer.from(packet.slice(0, 4), 'base64')[0] ?? -1
  return first >= from && first <= to
}
const KINDS = [
  { name: 'STUN', is: between(0, 3) },
  { name: 'DTLS', is: between(20, 63) },
  { name: 'SRTP', is: between(128, 191) },
] as const

async function packetsOf({ viewer }: LiveSession): Promise<Extract<FromTap, { is: 'packets' }>> {
  const ask: ToTap = { do: 'packets' }
  viewer.child.send(ask)
  const told = await heard<FromTap>(viewer.child, message => message.is === 'packets')
  const kinds = told.is === 'packets' ? KINDS.filter(kind => told.packets.some(kind.is)) : []
  if (told.is !== 'packets' || kinds.length < KINDS.length)
    throw new Error(`the viewer kept only ${kinds.map(({ name }) => name).join(', ') || 'nothing'}`)
  return told
}

async function flood({ viewer }: LiveSession, ask: Extract<ToTap, { do: 'flood' }>): Promise<string> {
  viewer.child.send(ask)
  const told = await heard<FromTap>(viewer.child, message => message.is === 'flooded')
  return `${told.is === 'flooded' ? told.sent : 0} packets from a viewer's own address`
}

async function heard<M>(child: ChildProcess, wanted: (message: M) => boolean): Promise<M> {
  const gone = new AbortController()
  const exit = once(child, 'exit', { signal: gone.signal }).then(() => {
    throw new Error('a process of the bench ended')
  })
  exit.catch(() => undefined)
  const { promise, resolve } = Promise.withResolvers<M>()
  const look = (message: unknown): void => {
    if (wanted(message as M)) resolve(message as M)
  }
  child.on('message', look)
  try {
    return await Promise.race([promise, exit])
  } finally {
    child.off('message', look)
    gone.abort()
  }
}
