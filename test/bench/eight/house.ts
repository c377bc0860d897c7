import { mkdirSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { generateKeyPair, type KeyPair, type PublicKey } from '@ownsight/protocol/ids'
import type { Socket } from 'socket.io-client'
import { startCoturn } from '../../prove/coturn.ts'
import { isServing, startAgent, type TestAgent } from '../../support/agent.ts'
import { type Inside, insideOf, lookInside } from '../../support/inside.ts'
import { createOwner, type Owner, pairCamera } from '../../support/owner.ts'
import { change } from '../../support/owner-powers.ts'
import { freePort, type SignalingProcess, spawnTestSignaling } from '../../support/signaling.ts'
import { removeTemp, tempFolder } from '../../support/temp.ts'
import type { KnownCamera, Person, Place } from './messages.ts'
import { type EightCamera, type Outage, openSources } from './sources.ts'
import { openViewers, type Viewers } from './viewers.ts'

/** One home: a server, a relay and an agent of eight cameras, each a real process, and the people who look in. */
export type EightHouse = {
  readonly cameras: readonly KnownCamera[]
  readonly outages: readonly Outage[]
  readonly agent: TestAgent
  readonly signaling: SignalingProcess
  readonly inside: { readonly agent: Inside; readonly signaling: Inside }
  readonly owner: Owner
  readonly guests: readonly { key: PublicKey; id: string }[]
  /** processes of viewers; person N is one of the N % length'th, as its number N / length, rounded down */
  readonly viewers: readonly Viewers[]
  close(): Promise<void>
}

export const PEOPLE = 6
const PROCESSES = 3

/** @param more of the agent: what else is preloaded into it */
export async function openHouse(
  markKey: Buffer,
  more: { nodeArgs?: readonly string[]; env?: Record<string, string> } = {},
): Promise<EightHouse> {
  const folder = tempFolder('eight')
  const open: (() => unknown)[] = []
  const close = async (): Promise<void> => {
    for (const each of open.reverse()) await each()
    removeTemp(folder)
  }
  try {
    const clips = join(folder, 'clips')
    mkdirSync(clips)
    const sources = await openSources(clips, markKey)
    open.push(sources.close)
    const [server, home] = ['signaling', 'agent'].map(name => join(folder, `${name}.sock`)) as [
      string,
      string,
    ]
    const turn = await startCoturn(join(folder, 'turn'), ownAddress(), await freePort())
    open.push(turn.process.stop)
    const signaling = await spawnTestSignaling({ ...insideOf(server), args: turn.signaling })
    open.push(signaling.close)
    const { nodeArgs, env } = insideOf(home)
    const agent = startAgent({
      server: signaling.origin,
      cameras: sources.cameras.map(({ name, source, audio }) => ({
        name,
        source,
        ...(audio === undefined ? {} : { audio }),
      })),
      nodeArgs: [...nodeArgs, ...(more.nodeArgs ?? [])],
      env: { ...env, ...more.env },
    })
    open.push(agent.dispose)
    const inside = { agent: await lookInside(home), signaling: await lookInside(server) }
    open.push(inside.agent.close, inside.signaling.close)
    const owner = await createOwner(signaling.origin, { token: signaling.setupToken })
    open.push(owner.close)
    comeBack(owner.socket)
    const cameras: KnownCamera[] = []
    for (const each of sources.cameras) cameras.push(await pairOne(owner, agent, each))
    for (const { name } of cameras)
      await agent.report(each => each.event === 'relay' && each.camera === name && each.state === 'udp')
    const people = await Promise.all(Array.from({ length: PEOPLE }, makePerson))
    for (const { auth } of people) await register(owner, auth.publicKey)
    for (const camera of cameras)
      await change(
        owner.socket,
        owner.admin,
        camera,
        people.map(({ view }) => ({ op: 'admit', k: view.publicKey, r: ['view', 'audio'] })),
      )
    const place: Place = { origin: signaling.origin, markKey: markKey.toString('hex'), cameras }
    const keys = await Promise.all(people.map(exportPerson))
    const viewers = await Promise.all(
      Array.from({ length: PROCESSES }, (_, own) =>
        openViewers(
          place,
          keys.filter((_, i) => i % PROCESSES === own),
        ),
      ),
    )
    for (const each of viewers) open.push(each.close)
    return {
      cameras,
      outages: sources.outages,
      agent,
      signaling,
      inside,
      owner,
      guests: people.map(({ view }) => ({ key: view.publicKey, id: view.id })),
      viewers,
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

async function pairOne(owner: Owner, agent: TestAgent, camera: EightCamera): Promise<KnownCamera> {
  const { name, drawn, pitch, audio, isPlain = false } = camera
  const shown = await agent.report(each => each.event === 'pairing-code' && each.camera === name)
  const { camId, key } = await pairCamera(owner, shown.event === 'pairing-code' ? shown.code : '')
  await agent.report(each => isServing(each) && 'camera' in each && each.camera === name)
  const isHeard = pitch !== undefined && audio !== false
  return { name, camId, key, drawn: drawn ?? camId, isPlain, ...(isHeard ? { pitch } : {}) }
}

/** As the viewer does, when the server has sent it away. */
function comeBack(socket: Socket): void {
  socket.on('disconnect', reason => {
    if (reason === 'io server disconnect') setTimeout(() => socket.connect(), 500)
  })
}

/** A relay lends no way to loopback. */
function ownAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap(each => each ?? [])
  const found = all.find(({ internal, family }) => !internal && family === 'IPv4')
  if (!found) throw new Error('this needs a network interface with an IPv4 address')
  return found.address
}

type Keys = { view: KeyPair; auth: KeyPair }

const makePerson = async (): Promise<Keys> => ({
  view: await generateKeyPair(true),
  auth: await generateKeyPair(true),
})

const exportPerson = async ({ view, auth }: Keys): Promise<Person> => ({
  view: await crypto.subtle.exportKey('jwk', view.sign),
  auth: await crypto.subtle.exportKey('jwk', auth.sign),
})

async function register(owner: Owner, auth: PublicKey): Promise<void> {
  const { status } = await owner.request('POST', '/api/devices', { auth })
  if (status !== 201) throw new Error(`a device was not registered: ${status}`)
}
