import { setTimeout as sleep } from 'node:timers/promises'
import { type Allocation, keepRelays, type Relays } from '@ownsight/camera-agent/rtc/relay'
import type { RelayGrant } from '@ownsight/protocol/relay-grant'
import { until } from '../support/wait.ts'

/**
 * What a camera does with a relay, in a process of its own, by IPC. `take`: takes an allocation and gives it back, so many
 * times one after the other; says after each by which transport it came, and whether there was a STUN server to ask.
 * `hold`: two allocations that talk to each other for so many seconds; says how much each heard in the last two.
 */
export type TakerOrder = { readonly grant: RelayGrant } & (
  | { readonly do: 'take'; readonly times: number }
  | { readonly do: 'hold'; readonly seconds: number }
)
export type Taken = { readonly by: string; readonly stun: boolean }

type Data = { subscribe(heard: (data: Buffer) => void): void }
type Talking = Allocation['turn'] & {
  readonly onData: Data
  sendData(data: Buffer, to: unknown): Promise<void>
}

const EVERY_MS = 200
const AT_LAST_MS = 2000

const next = (relays: Relays) =>
  until(
    () => {
      const { allocation, ...rest } = relays.take()
      return allocation && { allocation, ...rest }
    },
    { timeout: 20_000, every: 50, what: 'an allocation' },
  )

async function take(relays: Relays, times: number): Promise<Taken[]> {
  const taken: Taken[] = []
  while (taken.length < times) {
    const { allocation, stunServer } = await next(relays)
    taken.push({ by: relays.state(), stun: stunServer !== undefined })
    await allocation.close()
  }
  return taken
}

async function hold(relays: Relays, seconds: number): Promise<number[]> {
  const ends = [(await next(relays)).allocation, (await next(relays)).allocation]
  const heard = ends.map(() => 0)
  const [one, other] = ends.map(({ turn }) => turn as Talking)
  if (!one || !other) return heard
  for (const [i, turn] of [one, other].entries())
    turn.onData.subscribe(() => {
      heard[i] = (heard[i] ?? 0) + 1
    })
  const talk = setInterval(() => {
    for (const [from, to] of [
      [one, other],
      [other, one],
    ] as const)
      void from.sendData(Buffer.from('still there'), to.relayedAddress).catch(() => undefined)
  }, EVERY_MS)
  await sleep(seconds * 1000 - AT_LAST_MS)
  heard.fill(0)
  await sleep(AT_LAST_MS)
  clearInterval(talk)
  for (const each of ends) await each.close()
  return heard
}

process.once('message', async (order: TakerOrder) => {
  const relays = keepRelays(async () => order.grant)
  process.send?.(order.do === 'take' ? await take(relays, order.times) : await hold(relays, order.seconds))
  await relays.close()
  if (process.connected) process.disconnect?.()
})
