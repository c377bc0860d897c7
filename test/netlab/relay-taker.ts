import { keepRelays } from '@ownsight/camera-agent/rtc/relay'
import type { RelayGrant } from '@ownsight/protocol/relay-grant'
import { until } from '../support/wait.ts'

/**
 * What a camera does with a relay: takes an allocation, and gives it back, one after the other. Told by IPC what it is
 * lent and how often; says after each by which transport it came, and whether there was a STUN server to ask.
 */
export type Taken = { readonly by: string; readonly stun: boolean }
type Order = { readonly grant: RelayGrant; readonly times: number }

process.once('message', async ({ grant, times }: Order) => {
  const relays = keepRelays(async () => grant)
  const taken: Taken[] = []
  while (taken.length < times) {
    const { allocation, stunServer } = await until(
      () => {
        const next = relays.take()
        return next.allocation && next
      },
      { timeout: 20_000, every: 50, what: 'an allocation' },
    )
    taken.push({ by: relays.state(), stun: stunServer !== undefined })
    await allocation?.close()
  }
  await relays.close()
  process.send?.(taken)
  process.disconnect?.()
})
