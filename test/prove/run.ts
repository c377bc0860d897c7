import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { startAgent } from '../support/agent.ts'
import { signUp } from '../support/app.ts'
import { openHouse, sourceProcesses } from '../support/house.ts'
import { type Started, start } from '../support/processes.ts'
import { freePort } from '../support/signaling.ts'
import { until } from '../support/wait.ts'
import { type Coturn, startCoturn } from './coturn.ts'
import { agentEdit, type Edit, type Leak, plainEdit, serverEdit } from './leak.ts'
import { makeMarkedVideo } from './marked-video.ts'
import { type Findings, needlesOf } from './needles.ts'
import { dumpMemory, searchFiles, searchText } from './places.ts'
import { mediaPackages } from './tree.ts'

const root = join(import.meta.dirname, '..', '..')
const without = join(root, 'test', 'support', 'without.ts')

export type Place = Findings & {
  readonly place: string /** here the pictures must be found */
  readonly control?: true
}
export type Proof = { places: Place[]; media: string[]; relayed: number }

export type ProveOptions = { seconds: number; leak?: Leak; say: (line: string) => void }

/**
 * Plays a camera whose pictures nobody can guess through the real server to a real browser, by way of a relay that this
 * server lends and that is set up as an operator does it; then searches everything that server and relay had. What must
 * find them is the same search in the agent.
 */
export async function prove(options: ProveOptions): Promise<Proof> {
  const { seconds, leak, say } = options
  const folder = mkdtempSync(join(tmpdir(), 'ownsight-prove-'))
  const temporary = join(folder, 'server-temp')
  const relayFolder = join(folder, 'relay')
  const capture = join(folder, 'capture.pcap')
  const cleanUp: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })]
  try {
    say('[1/5] making a video nobody can guess')
    const video = await makeMarkedVideo(folder)
    const needles = needlesOf(video)
    const address = ownAddress()
    const turnPort = await freePort()
    const coturn = await startCoturn(relayFolder, address, turnPort)
    cleanUp.push(() => coturn.process.stop())
    say('[2/5] starting server, relay, capture, camera and browser')
    const server = leak && leak !== 'relay' ? serverEdit(leak) : undefined
    const house = await openHouse({
      ...withEdit(server, { TMPDIR: makeFolder(temporary) }),
      args: coturn.signaling,
    })
    cleanUp.push(() => house.close())
    const { origin, port, data, setupToken } = house.signaling()
    const captured = await startCapture(capture, `tcp port ${port} or udp`)
    cleanUp.push(() => captured.stop('SIGINT'))
    const { page } = await house.profile()
    await hideAddress(page)
    await signUp(page, origin, { token: setupToken, name: 'home' })
    const agent = startAgent({
      server: origin,
      cameras: [{ name: 'Door', source: { kind: 'file', path: video.path } }],
      ...withEdit(agentFault(leak, origin, coturn), {}),
    })
    cleanUp.push(() => agent.dispose())
    await house.pairAndWatch(page, agent, 'Door')
    say(`[3/5] watching through the relay for ${seconds} s`)
    const relayed = await watchFor(page, seconds, coturn)

    say('[4/5] taking the memory of server, relay and camera')
    const memory = (name: string) => join(folder, `${name}.memory`)
    const camera = agent.child.pid ?? 0
    for (const pid of [...sourceProcesses(camera), camera]) dumpMemory(pid, memory('camera'))
    dumpMemory(house.signaling().child.pid ?? 0, memory('server'))
    dumpMemory(coturn.process.pid, memory('relay'))
    await captured.stop('SIGINT')
    say('[5/5] searching memory, files, logs and captured packets')
    const log = `${coturn.process.stdout()}${coturn.process.stderr()}`
    const places: Place[] = [
      { place: 'memory of the server', ...searchFiles(memory('server'), needles) },
      { place: 'memory of the relay', ...searchFiles(memory('relay'), needles) },
      { place: 'memory of the camera agent', control: true, ...searchFiles(memory('camera'), needles) },
      { place: 'log of the server', ...searchText(house.signaling().output(), needles) },
      { place: 'database of the server', ...searchFiles(data, needles) },
      { place: 'temporary files of the server', ...searchFiles(temporary, needles) },
      { place: 'log of the relay', ...searchText(log, needles) },
      { place: 'files of the relay', ...searchFiles(relayFolder, needles) },
      { place: 'captured packets', ...searchFiles(capture, needles) },
      { place: 'the video file', control: true, ...searchFiles(video.path, needles) },
    ]
    const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))
    return { places, media: mediaPackages(lock), relayed }
  } finally {
    for (const each of cleanUp.reverse()) await each()
  }
}

function makeFolder(path: string): string {
  mkdirSync(path, { recursive: true })
  return path
}

const withEdit = (edit: object | undefined, env: Record<string, string>) =>
  edit ? { nodeArgs: ['--import', without], env: { ...env, ...(edit as Record<string, string>) } } : { env }

/** WebRTC uses no loopback address, so the relay listens on one that others reach. */
function ownAddress(): string {
  const found = Object.values(networkInterfaces())
    .flat()
    .find(each => each && each.family === 'IPv4' && !each.internal)
  if (!found)
    throw new Error(
      'this machine has no IPv4 address but loopback: connect a network, or add a dummy interface',
    )
  return found.address
}

async function startCapture(file: string, filter: string): Promise<Started> {
  const tcpdump = start('tcpdump', [
    '-i',
    'any',
    '-U',
    '-B',
    '32768',
    '-s',
    '0',
    '-Z',
    'root',
    '-w',
    file,
    ...filter.split(' '),
  ])
  await until(() => /listening on/.test(tcpdump.stderr()), { timeout: 20_000, what: 'the capture to begin' })
  return tcpdump
}

const agentFault = (leak: Leak | undefined, origin: string, relay: Coturn): Edit | undefined =>
  leak === 'relay' ? plainEdit(relay) : leak && agentEdit(origin)

/** The viewer's own switch: it uses relays that signaling lends, and no other way. What it made is kept to be looked at. */
async function hideAddress(page: Page): Promise<void> {
  await page.addInitScript(() => {
    localStorage.setItem('ownsight-hide-address', 'yes')
    const Native = globalThis.RTCPeerConnection
    const made: RTCPeerConnection[] = []
    Object.assign(globalThis, {
      connections: made,
      RTCPeerConnection: class extends Native {
        constructor(config?: RTCConfiguration) {
          super(config)
          made.push(this)
        }
      },
    })
  })
}

/** Resolves with the bytes of video that came through this relay; fails when they came another way. */
async function watchFor(page: Page, seconds: number, relay: Coturn): Promise<number> {
  const received = () =>
    page.evaluate(async () => {
      const { connections } = globalThis as unknown as { connections: RTCPeerConnection[] }
      const stats: Record<string, unknown>[] = []
      for (const connection of connections) stats.push(...(await connection.getStats()).values())
      const pairs = stats.filter(each => each.type === 'candidate-pair' && each.nominated)
      const locals = pairs.map(pair => stats.find(each => each.id === pair.localCandidateId))
      const video = stats.filter(each => each.type === 'inbound-rtp')
      return {
        ways: locals.map(local => `${local?.candidateType} ${local?.url}`),
        bytes: video.reduce((sum, each) => sum + Number(each.bytesReceived), 0),
        frames: video.reduce((sum, each) => sum + Number(each.framesDecoded ?? 0), 0),
      }
    })
  const first = await received()
  const wanted = first.frames + seconds * 8
  await until(async () => (await received()).frames >= wanted, {
    timeout: seconds * 1000 + 30_000,
    every: 500,
    what: 'frames through the relay',
  })
  const last = await received()
  const way = `relay turn:${relay.address}:${relay.port}?transport=udp`
  if (last.ways.length === 0 || last.ways.some(each => each !== way))
    throw new Error(`the picture did not come through the relay: ${last.ways.join()}`)
  return last.bytes
}
