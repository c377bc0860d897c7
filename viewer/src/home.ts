import { ProtocolFault } from '@ownsight/protocol/errors'
import type { Presence } from '@ownsight/protocol/events'
import { openRoster, type Roster, sealRoster } from '@ownsight/protocol/roster'
import { type Signal, signal } from '@preact/signals'
import { type Account, ApiFault, api } from './api.ts'
import { type DeviceKeys, type Keystore, type OwnerKeys, openKeystore } from './keystore.ts'
import { type Connection, connectSignaling, type SignalingClient } from './signaling-client.ts'

/**
 * Everything of one signed-in account in this page: keys, connection, list of cameras. Signing out disposes of it as a
 * whole; nothing outlives it in a module variable.
 */
export type Home = {
  readonly account: Account
  readonly device: DeviceKeys
  readonly keystore: Keystore
  readonly signaling: SignalingClient
  readonly signal: AbortSignal
  readonly connection: Signal<Connection>
  readonly roster: Signal<Roster>
  readonly presence: Signal<ReadonlyMap<string, Presence>>
  /** why the list of cameras cannot be shown, one sentence */
  readonly rosterFault: Signal<string | undefined>
  readonly kitPending: Signal<boolean>
  owner(): Promise<OwnerKeys | undefined>
  addCamera(entry: Roster[number]): Promise<void>
  dispose(): void
}

export async function openHome(account: Account): Promise<Home> {
  const keystore = await openKeystore(account.id)
  const device = await keystore.device()
  await api.addDevice(device.auth.publicKey)
  const ended = new AbortController()
  const connection = signal<Connection>('connecting')
  const presence = signal<ReadonlyMap<string, Presence>>(new Map())
  const roster = signal<Roster>([])
  const rosterFault = signal<string | undefined>(undefined)
  const kitPending = signal((await keystore.pendingSeed()) !== undefined)
  const signaling = connectSignaling({
    auth: device.auth,
    onConnection: state => {
      connection.value = state
    },
    onPresence: event => {
      presence.value = new Map(presence.value).set(event.cam, event)
    },
  })

  async function load(): Promise<number> {
    const owner = await keystore.owner()
    const { version, sealed } = await api.roster()
    const floor = await keystore.rosterFloor()
    if (sealed === null) {
      if (floor > 0)
        throw new ProtocolFault(
          'bad_epoch',
          'version',
          'the server lost the camera list this device has seen',
        )
      return 0
    }
    if (!owner) {
      rosterFault.value =
        'Your cameras were paired with another browser. Open Ownsight there: this browser does not hold the keys, and the server cannot give them.'
      return version
    }
    const opened = await openRoster(owner.roster, sealed, floor)
    if (ended.signal.aborted) return opened.version
    await keystore.raiseRosterFloor(opened.version)
    roster.value = opened.roster
    return opened.version
  }
  const reload = () =>
    load().catch((error: unknown) => {
      if (!ended.signal.aborted) rosterFault.value = rosterSentence(error)
    })
  await reload()

  return {
    account,
    device,
    keystore,
    signaling,
    signal: ended.signal,
    connection,
    roster,
    presence,
    rosterFault,
    kitPending,
    owner: keystore.owner,
    async addCamera(entry) {
      const owner = await keystore.owner()
      if (!owner) throw new ProtocolFault('bad_key', 'roster', 'make the recovery kit first')
      for (let attempt = 0; ; attempt++) {
        const version = await load()
        const entries = [...roster.value.filter(other => other.camId !== entry.camId), entry]
        try {
          await api.saveRoster(version + 1, await sealRoster(owner.roster, entries, version + 1))
          await keystore.raiseRosterFloor(version + 1)
          roster.value = entries
          return
        } catch (error) {
          // Another device was faster: read its list and put the camera on top of that.
          if (!(error instanceof ApiFault && error.code === 'conflict') || attempt === 3) throw error
        }
      }
    },
    dispose() {
      ended.abort()
      signaling.close()
      keystore.close()
      roster.value = []
      presence.value = new Map()
    },
  }
}

function rosterSentence(error: unknown): string {
  if (error instanceof ApiFault) return error.message
  if (error instanceof ProtocolFault && error.code === 'bad_epoch')
    return 'The server sent an older list of cameras than this browser has seen. It was not used.'
  if (error instanceof ProtocolFault)
    return 'The list of cameras was not written by one of your devices. It was not used.'
  return 'The list of cameras could not be read. Reload the page.'
}
