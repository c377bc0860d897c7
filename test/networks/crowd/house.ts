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
    for (let from = 0; from < count; from += CAMERAS_OF_AN_AGENT) {
      const own = names.slice(from, from + CAMERAS_OF_AN_AGENT)
      const cameras = own.map(name => ({ name, source: SOURCE }))
      const { prefix } = lab.homes.cameras
      const agent = startAgent({ server: place.origin, prefix, env, cameras })
      keep({ close: agent.dispose })
      agents.push(agent)
    }
    const more = { ...process.env, ...env }
    const owner = keep(
      startChild<ToOwner, FromOwner>('owner.ts', { prefix: lab.homes.cameras.prefix, env: more }),
    )
    await told(owner, { do: 'sign up', place, token: signaling.setupToken }, 'signed up')
    for (const [i, name] of names.entries()) {
      const agent = agents[Math.floor(i / CAMERAS_OF_AN_AGENT)] as TestAgent
      // An agent shows the code of one camera at a time.
      await told(owner, { do: 'pair', code: await codeOf(agent, name) }, 'paired')
    }
    process.stdout.write(`${count} cameras paired\n`)
    const { cameras } = await told(owner, { do: 'let in', people }, 'watching')
    const viewers = Array.from({ length: PROCESSES }, () =>
      keep(startChild<ToViewers, FromViewers>('viewers.ts', { prefix: lab.homes.viewers.prefix, env: more })),
    )
    for (const [i, each] of viewers.entries()) {
      const own = people.filter((_, person) => person % PROCESSES === i)
      await told(each, { do: 'connect', place, people: own, cameras }, 'connected')
    }
    process.stdout.write(`${size} viewers connected, all sources open\n`)
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

/** What a child says when it has done what it was told. */
function told<To, From extends { is: string }, K extends From['is']>(
  child: Child<To, From>,
  message: To,
  is: K,
): Promise<Extract<From, { is: K }>> {
  const answer = child.hears(is)
  child.send(message)
  return answer
}

async function codeOf(agent: TestAgent, camera: string): Promise<string> {
  const report = await agent.report(each => each.event === 'pairing-code' && each.camera === camera)
  return report.event === 'pairing-code' ? report.code : ''
}
