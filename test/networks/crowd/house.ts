import { generateKeyPair } from '@ownsight/protocol/ids'
import { createLabCa } from '../../netlab/certificate.ts'
import type { Lab } from '../../netlab/lab.ts'
import { startTurn } from '../../netlab/turn.ts'
import { startAgent, type TestAgent } from '../../support/agent.ts'
import { spawnTestSignaling } from '../../support/signaling.ts'
import { removeTemp, tempFolder } from '../../support/temp.ts'
import { type Child, startChild } from './child.ts'
import type { FromOwner, FromViewers, Person, Place, ToOwner, ToViewers } from './messages.ts'

/** A server, homes full of cameras whose sources are open, and a crowd of viewers that are connected and watch nothing. */
export type CrowdHouse = {
  readonly agents: readonly TestAgent[]
  readonly viewers: readonly Child<ToViewers, FromViewers>[]
  close(): Promise<void>
}

/** Two attempts of each, and the owner, are fewer than the eight sessions of one camera. */
const VIEWERS_OF_A_CAMERA = 3
const CAMERAS_OF_AN_AGENT = 5
const PROCESSES = 2
const PORT = 8443
const SOURCE = { kind: 'test-pattern', width: 160, height: 90, fps: 5 }

/** Over the lines as they are: make them bad afterwards. */
export async function openCrowdHouse(lab: Lab<'cameras' | 'viewers'>, size: number): Promise<CrowdHouse> {
  const folder = tempFolder('lab-ca')
  const open: { close(): Promise<unknown> }[] = []
  const keep = <T extends { close(): Promise<unknown> }>(each: T): T => {
    open.push(each)
    return each
  }
  const close = async (): Promise<void> => {
    for (const each of open.reverse()) await each.close()
    removeTemp(folder)
  }
  try {
    const ca = createLabCa(folder, [...lab.server.ipv4, ...lab.server.ipv6])
    const env = { NODE_EXTRA_CA_CERTS: ca.ca, NODE_NO_WARNINGS: '1' }
    const turn = await startTurn(lab, { ca })
    keep({ close: turn.stop })
    const [stun, ...relays] = turn.iceServers().map(({ urls }) => urls)
    const lend = [...relays.flatMap(url => ['--turn-url', url]), '--turn-secret-file', turn.secretFile]
    const listen = ['--host', lab.server.ipv4[0], '--cert', ca.cert, '--key', ca.key]
    const signaling = keep(
      await spawnTestSignaling({ port: PORT, prefix: lab.server.prefix, args: [...listen, ...lend] }),
    )
    const place: Place = { origin: signaling.origin, stun: stun ?? '' }
    const people = await makePeople(size)
    const count = Math.ceil(size / VIEWERS_OF_A_CAMERA)
    const names = Array.from({ length: count }, (_, i) => `Camera ${i}`)
    const agents: TestAgent[] = []
    const codes: Promise<string>[] = []
    while (codes.length < count) {
      const own = names.slice(codes.length, codes.length + CAMERAS_OF_AN_AGENT)
      const cameras = own.map(name => ({ name, source: SOURCE }))
      const { prefix } = lab.homes.cameras
      const agent = startAgent({ server: place.origin, prefix, env, cameras })
      keep({ close: agent.dispose })
      agents.push(agent)
      codes.push(...own.map(name => codeOf(agent, name)))
    }
    const more = { ...process.env, ...env }
    const owner = keep(
      startChild<ToOwner, FromOwner>('owner.ts', { prefix: lab.homes.cameras.prefix, env: more }),
    )
    const watching = owner.hears('watching')
    owner.send({ do: 'enrol', place, token: signaling.setupToken, codes: await Promise.all(codes), people })
    const { cameras } = await watching
    const viewers = Array.from({ length: PROCESSES }, () =>
      keep(startChild<ToViewers, FromViewers>('viewers.ts', { prefix: lab.homes.viewers.prefix, env: more })),
    )
    for (const [i, each] of viewers.entries()) {
      const connected = each.hears('connected')
      const own = people.filter((_, person) => person % PROCESSES === i)
      each.send({ do: 'connect', place, people: own, cameras })
      await connected
    }
    return { agents, viewers, close }
  } catch (error) {
    await close()
    throw error
  }
}

const makePeople = (size: number): Promise<Person[]> =>
  Promise.all(
    Array.from({ length: size }, async (_, i) => {
      const [view, auth] = await Promise.all([generateKeyPair(true), generateKeyPair(true)])
      return {
        view: await crypto.subtle.exportKey('jwk', view.sign),
        auth: await crypto.subtle.exportKey('jwk', auth.sign),
        camera: Math.floor(i / VIEWERS_OF_A_CAMERA),
      }
    }),
  )

async function codeOf(agent: TestAgent, camera: string): Promise<string> {
  const report = await agent.report(each => each.event === 'pairing-code' && each.camera === camera)
  return report.event === 'pairing-code' ? report.code : ''
}
