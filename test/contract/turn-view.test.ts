import assert from 'node:assert/strict'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Page } from 'playwright-core'
import { createLab, type Lab } from '../netlab/lab.ts'
import { type LabHouse, openLabHouse } from '../netlab/lab-house.ts'
import { productConfig } from '../netlab/turn.ts'
import { liveState, testId, untilState, watch } from '../support/app.ts'
import { stopAll } from '../support/processes.ts'

const LENT_S = 30

/** Credentials of half a minute; allocations and nonces that both ends must renew again and again within the test. */
const without = {
  nodeArgs: ['--import', join(import.meta.dirname, '../support/without.ts')],
  env: {
    WITHOUT_FILE: 'signaling/src/relays.ts',
    WITHOUT_TEXT: 'const LIFETIME_S = 600',
    WITHOUT_REPLACEMENT: `const LIFETIME_S = ${LENT_S}`,
  },
}
const QUICK = { before: 'stale-nonce=600', after: 'stale-nonce=8\nmax-allocate-lifetime=16' }

describe('contract: a relayed view', function () {
  this.timeout(240_000)
  let lab: Lab<'camera' | 'viewer'> | undefined
  let house: LabHouse | undefined
  after(async () => {
    await house?.close()
    await lab?.close()
    await stopAll()
  })

  it('outlives its credentials: the same session goes on, its allocations renewed after their end', async function () {
    // A long run; that an allocation outlives its credential is shown at the relay in turn.test.ts each time.
    if (!process.env.OWNSIGHT_LONG) this.skip()
    // Both ends have an allocation of their own and nothing else: one network lets no UDP out, one hides its address.
    lab = await createLab({ homes: { camera: { udp: 'blocked' }, viewer: {} } })
    house = await openLabHouse(lab, {
      signalingProcess: without,
      turn: facts => productConfig(facts).replace(QUICK.before, QUICK.after),
    })
    const { page } = house
    await house.agent.report(({ event }) => event === 'relay')
    await hideAddress(page)
    await watch(page, 'Door')
    await untilState(page, 'live', 60_000)
    assert.match(await testId(page, 'path').innerText(), /^Relayed/)
    const first = await settled(page)
    assert.equal(first.ways.join(), 'relay to relay')
    assert.ok(first.ends <= Date.now() / 1000 + LENT_S, 'signaling lends for half a minute')
    let before = first.frames
    while (Date.now() / 1000 < first.ends + 25) {
      await sleep(2000)
      // The page may try another session meanwhile; it is this one whose pictures must go on.
      const { frames } = await look(page, first.made - 1)
      assert.ok(frames > before, `pictures ${Math.round(Date.now() / 1000 - first.ends)} s after its end`)
      before = frames
    }
    assert.equal(await liveState(page), 'live')
  })
})

/** By the viewer's own switch. What the page makes is kept, to be looked at. */
async function hideAddress(page: Page): Promise<void> {
  await page.addInitScript(() => {
    localStorage.setItem('ownsight-hide-address', 'yes')
    const Native = globalThis.RTCPeerConnection
    const connections: RTCPeerConnection[] = []
    Object.assign(globalThis, {
      connections,
      RTCPeerConnection: class extends Native {
        constructor(config?: RTCConfiguration) {
          super(config)
          connections.push(this)
        }
      },
    })
  })
  await page.reload()
}

type Look = { made: number; ways: string[]; frames: number; ends: number }

/** Once the page has made no other session for five seconds: the first one may not be the best. */
async function settled(page: Page): Promise<Look> {
  for (let before = await look(page); ; ) {
    await sleep(5000)
    const now = await look(page)
    if (now.made === before.made && now.frames > before.frames) return now
    before = now
  }
}

/** Of one session, the newest unless named: by which way, how many frames, and when what it was lent ends, in seconds since the epoch. */
const look = (page: Page, index = -1): Promise<Look> =>
  page.evaluate(async index => {
    const { connections } = globalThis as unknown as { connections: RTCPeerConnection[] }
    const one = connections.at(index)
    const stats: Record<string, unknown>[] = [...((await one?.getStats()) ?? new Map()).values()]
    const pairs = stats.filter(each => each.type === 'candidate-pair' && each.nominated)
    const kind = (id: unknown): string => String(stats.find(each => each.id === id)?.candidateType)
    const ways = pairs.map(
      ({ localCandidateId, remoteCandidateId }) => `${kind(localCandidateId)} to ${kind(remoteCandidateId)}`,
    )
    const frames = stats
      .filter(each => each.type === 'inbound-rtp')
      .reduce((sum, each) => sum + Number(each.framesDecoded ?? 0), 0)
    const [server] = one?.getConfiguration().iceServers ?? []
    return { made: connections.length, ways, frames, ends: Number.parseInt(server?.username ?? '', 10) }
  }, index)
