import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import type { PairedCamera } from '@ownsight/protocol/pairing-owner'
import { isServing, startAgent, type TestAgent } from '../support/agent.ts'
import { createOwner, type Owner, pairCamera } from '../support/owner.ts'
import { until } from '../support/wait.ts'
import { type EvilOptions, type EvilServer, startEvilServer } from './evil-server.ts'

export type TestHome = { owner: Owner; agent: TestAgent; cameras: PairedCamera[] }

export type Homes = {
  readonly evil: EvilServer
  readonly homes: TestHome[]
  invitation(): Promise<{ invitation: string }>
  close(): Promise<void>
}

/** Homes with so many cameras each, real agents and owners without a browser, all on one evil server. */
export async function openHomes(cameras: number[], options: EvilOptions = {}): Promise<Homes> {
  const evil = await startEvilServer(options)
  const homes: TestHome[] = []
  const invitation = async () => {
    const { body } = (await homes[0]?.owner.request('POST', '/api/invitations', {})) ?? {}
    return { invitation: (body as { invitation: string }).invitation }
  }
  for (const [home, count] of cameras.entries()) {
    const via = home === 0 ? { token: evil.setupToken } : await invitation()
    homes.push(await openHome(evil.origin, via, `owner-${home}`, count))
  }
  let closing = false
  for (const { agent } of homes)
    void agent.exited.then(({ code }) => {
      if (!closing && code !== 0) process.stdout.write(`    an agent ended: ${agent.stderr()}\n`)
    })
  return {
    evil,
    homes,
    invitation,
    async close() {
      closing = true
      for (const { owner, agent } of homes) {
        owner.close()
        await agent.dispose()
      }
      await evil.close()
    },
  }
}

async function openHome(
  origin: string,
  via: { token: string } | { invitation: string },
  name: string,
  count: number,
): Promise<TestHome> {
  const owner = await createOwner(origin, via, name)
  const source = { kind: 'test-pattern', width: 320, height: 180, fps: 10 }
  const names = Array.from({ length: count }, (_, i) => `Camera ${i + 1}`)
  const agent = startAgent({ server: origin, cameras: names.map(each => ({ name: each, source })) })
  const cameras: PairedCamera[] = []
  for (const camera of names) {
    const shown = await agent.report(report => report.event === 'pairing-code' && report.camera === camera)
    cameras.push(await pairCamera(owner, 'code' in shown ? shown.code : ''))
    await agent.report(report => isServing(report) && 'camera' in report && report.camera === camera)
  }
  await rehearsed(agent)
  return { owner, agent, cameras }
}

/** The UDP sockets of a process, by inode: each peer connection has some, and a camera that refuses opens none. */
export function udpSockets({ child }: TestAgent): Set<string> {
  const pid = child.pid ?? 0
  const inodes = new Set(
    ['/proc/net/udp', '/proc/net/udp6'].flatMap(table =>
      readFileSync(table, 'utf8')
        .split('\n')
        .slice(1)
        .map(line => line.trim().split(/\s+/)[9] ?? ''),
    ),
  )
  return new Set(readdirSync(`/proc/${pid}/fd`).map(fd => socketInode(pid, fd))).intersection(inodes)
}

/** How many sockets an agent has opened since it had those; what closed meanwhile does not count. */
export const openedSince = (before: Set<string>, agent: TestAgent): number =>
  udpSockets(agent).difference(before).size

/** An agent opens and closes sockets of its own while it rehearses, a quarter of a second between them. */
async function rehearsed(agent: TestAgent): Promise<void> {
  let looks = 0
  const rested = () => {
    looks = udpSockets(agent).size ? 0 : looks + 1
    return looks >= 20
  }
  await until(rested, { timeout: 30_000, every: 50, what: 'an agent without sockets for a second' })
}

function socketInode(pid: number, fd: string): string {
  try {
    return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? 'none'
  } catch {
    return 'none'
  }
}
