import { randomInt } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startSignaling } from '@ownsight/signaling/server'
import type { TestSignaling } from '../support/signaling.ts'
import { createChooser, type Directed, type RandomFaults } from './chooser.ts'
import type { FaultName } from './faults.ts'
import {
  fetchUpstream,
  type HttpRequest,
  type HttpResponse,
  readRequest,
  sendResponse,
} from './http-front.ts'
import { type Link, openLink, type Packet } from './link.ts'
import { openRows } from './rows.ts'
import { seededRandom, type World } from './world.ts'

export type EvilOptions = {
  /** folder of the built viewer */
  viewer?: string
  /** of all chance in it; printed when not given */
  seed?: number
  random?: RandomFaults
}

/** What a test may put in the place of any message: undefined lets it pass. */
export type Hooks = {
  packet?: ((packet: Packet, world: World) => Packet[] | undefined) | undefined
  request?: ((request: HttpRequest) => HttpRequest | { response: HttpResponse } | undefined) | undefined
  response?: ((response: HttpResponse, request: HttpRequest) => HttpResponse | undefined) | undefined
}

export type EvilServer = TestSignaling & {
  readonly seed: number
  readonly hooks: Hooks
  /** how often each fault was done, by name */
  readonly counts: { readonly [fault: string]: number }
  readonly world: World
  /** Does this fault to everything it fits, or so many times; the returned function ends it. */
  inject(fault: FaultName, directed?: Directed): () => void
  /** Faults by chance from now on; undefined ends them. */
  randomly(faults: RandomFaults | undefined): void
  /** Cuts every connection at once: everybody comes back at the same time. */
  cutAll(): void
}

const BAG_MAX = 4000

/** The real signaling server, in this process, and a man in the middle through whom everything passes. */
export async function startEvilServer(options: EvilOptions = {}): Promise<EvilServer> {
  const data = mkdtempSync(join(tmpdir(), 'ownsight-evil-'))
  const front = createServer({ keepAliveTimeout: 1000 })
  const port = await listen(front)
  const origin = `http://127.0.0.1:${port}`
  const signaling = await startSignaling({
    listen: { host: '127.0.0.1', port: 0 },
    // The server behind believes to be where the clients are: their answers to its challenges name this origin.
    origin,
    data,
    healthPort: 0,
    logLevel: 'silent',
    ...(options.viewer ? { viewer: options.viewer } : {}),
  })
  const seed = options.seed ?? randomInt(2 ** 31)
  if (options.seed === undefined && options.random) process.stdout.write(`    evil server, seed ${seed}\n`)
  const counts: Record<string, number> = {}
  const hooks: Hooks = {}
  const middle = createMiddle({ seed, data, counts, hooks })
  middle.chooser.randomly(options.random)

  front.on('request', (incoming, outgoing) => {
    const answer = async (): Promise<HttpResponse> => {
      const asked = await readRequest(incoming)
      const hooked = hooks.request?.(asked) ?? asked
      if ('response' in hooked) return hooked.response
      const chosen = middle.chooser.request(hooked)
      if ('response' in chosen) return chosen.response
      const response = await fetchUpstream(signaling.port, chosen.request)
      return hooks.response?.(response, asked) ?? middle.chooser.response(response, asked)
    }
    answer().then(
      response => sendResponse(outgoing, response),
      () => outgoing.destroy(),
    )
  })
  let links = 0
  front.on('upgrade', (request, socket, head) =>
    openLink(request, socket, head, {
      number: links++,
      upstream: `ws://127.0.0.1:${signaling.port}`,
      onPacket: middle.pass,
      onOpen: link => middle.links.add(link),
      onClose: link => middle.links.delete(link),
    }),
  )
  const cutAll = () => {
    for (const link of middle.links) link.cut()
  }
  return {
    origin,
    port,
    healthPort: signaling.healthPort ?? 0,
    data,
    setupToken: signaling.setupToken ?? '',
    output: () => '',
    mintSignInToken: signaling.mintSignInToken,
    seed,
    hooks,
    counts,
    world: middle.world,
    inject: middle.chooser.order,
    randomly: middle.chooser.randomly,
    cutAll,
    async close() {
      middle.close()
      cutAll()
      front.closeAllConnections()
      front.close()
      await signaling.close()
      rmSync(data, { recursive: true, force: true })
    },
  }
}

function createMiddle(options: { seed: number; data: string; counts: Record<string, number>; hooks: Hooks }) {
  const { counts, hooks } = options
  const links = new Set<Link>()
  const timers = new Set<NodeJS.Timeout>()
  const bag: Packet[] = []
  const random = seededRandom(options.seed)
  const rows = openRows(options.data)
  const newest = (wanted: (link: Link) => boolean) =>
    [...links].findLast(link => link.isOpen() && wanted(link))
  const world: World = {
    links: () => [...links].filter(link => link.isOpen()),
    camera: id => newest(link => link.cam === id),
    viewer: key => newest(link => link.namespace === '/viewer' && link.key === key),
    bag,
    rows,
    random,
    pick: from => from[Math.floor(random() * from.length)],
    deliver: packet => packet.link.send(packet),
    later(ms, work) {
      const timer = setTimeout(() => {
        timers.delete(timer)
        work()
      }, ms)
      timers.add(timer)
    },
    count(name) {
      counts[name] = (counts[name] ?? 0) + 1
    },
  }
  const chooser = createChooser(world)
  function pass(packet: Packet): void {
    const instead = hooks.packet?.(packet, world) ?? chooser.packet(packet)
    bag.push(packet)
    if (bag.length > BAG_MAX) bag.splice(0, BAG_MAX / 4)
    for (const each of instead) world.deliver(each)
  }
  const close = () => {
    for (const timer of timers) clearTimeout(timer)
    rows.close()
  }
  return { links, world, chooser, pass, close }
}

const listen = (server: Server): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
  })
