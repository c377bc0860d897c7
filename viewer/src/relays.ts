import type { Reply } from '@ownsight/protocol/events'
import type { RelayGrant } from '@ownsight/protocol/relay-grant'
import { type Signal, signal } from '@preact/signals'
import { WatchFault } from './failures.ts'
import { type Servers, withoutRelays } from './rtc/gather.ts'
import { createPeer, type Peer } from './rtc/peer.ts'

/** ms; a grant is good for ten minutes by the server's clock, which need not be ours */
const RENEW_MS = 480_000
const PATIENCE_MS = 2200
/** Where the servers did not answer the last time they are not waited for long. */
const SHORT_MS = 400

const HIDDEN_KEY = 'ownsight-hide-address'

/** The relays that signaling lends to this device: asked for when it is online, and again before they are too old. */
export type Relays = {
  /** One session's peer, with the servers of this moment. @throws WatchFault no_relay */
  peer(signal: AbortSignal): Promise<Peer>
  /** The peer of a session that waits for a tap: what is lent for pictures is not kept busy without one. */
  waitingPeer(signal: AbortSignal): Promise<Peer>
  servers(): Servers
  /** this device's wish to show its address to the relay alone; kept in this browser */
  readonly hidden: Signal<boolean>
  hide(on: boolean): void
  /** Asks for a grant now; with the next one every server is believed to answer again. */
  renew(): Promise<void>
  close(): void
}

export function openRelays(
  ask: (kind: 'relays', request: Record<never, never>) => Promise<Reply<'relays'>>,
  storage: Pick<Storage, 'getItem' | 'setItem'> = localStorage,
): Relays {
  const hidden = signal(storage.getItem(HIDDEN_KEY) === 'yes')
  let grant: RelayGrant | undefined
  let answers = true
  let timer: ReturnType<typeof setTimeout> | undefined

  async function renew(): Promise<void> {
    clearTimeout(timer)
    timer = setTimeout(() => void renew(), RENEW_MS)
    const reply = await ask('relays', {})
    if ('grant' in reply) grant = reply.grant
    else if (reply.hint === 'no_relays') grant = undefined
    answers = true
  }
  const servers = (): Servers => ({
    iceServers: grant
      ? [{ urls: [...grant.urls], username: grant.username, credential: grant.credential }]
      : [],
    relayOnly: hidden.value,
    patience: answers ? PATIENCE_MS : SHORT_MS,
  })
  return {
    servers,
    hidden,
    async peer(signal) {
      const asked = servers()
      // Without a relay there is no way that hides the address, and no other one is taken in its place.
      if (asked.relayOnly && asked.iceServers.length === 0) throw new WatchFault('no_relay')
      return createPeer(signal, asked, answered => {
        answers = answered || asked.iceServers.length === 0
      })
    },
    waitingPeer: signal => createPeer(signal, withoutRelays(servers())),
    hide(on) {
      storage.setItem(HIDDEN_KEY, on ? 'yes' : 'no')
      hidden.value = on
    },
    renew,
    close: () => clearTimeout(timer),
  }
}
