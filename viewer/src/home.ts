import type { Presence } from '@ownsight/protocol/events'
import type { People, Roster } from '@ownsight/protocol/roster'
import { type Signal, signal } from '@preact/signals'
import { type Account, api } from './api.ts'
import { type CameraList, openCameraList } from './camera-list.ts'
import { pageClock } from './clock.ts'
import { deviceName } from './device-name.ts'
import { type GuestCameras, openGuestCameras } from './guest-cameras.ts'
import { type DeviceKeys, type Keystore, type OwnerKeys, openKeystore } from './keystore.ts'
import { pageEvents } from './page-events.ts'
import { openPeerAhead, type PeerAhead } from './peer-ahead.ts'
import { named } from './people.ts'
import { openPolicies, type Policies } from './policies.ts'
import { openPrepared, type Prepared } from './prepared.ts'
import { openRelays, type Relays } from './relays.ts'
import { type Connection, connectSignaling, type SignalingClient } from './signaling-client.ts'
import { watch } from './watch.ts'
import { signalingWay } from './ways.ts'

/**
 * Everything of one signed-in account in this page: keys, connection, list of cameras. Signing out disposes of it as a
 * whole; nothing outlives it in a module variable.
 */
export type Home = {
  readonly account: Account
  readonly device: DeviceKeys
  readonly keystore: Keystore
  readonly signaling: SignalingClient
  readonly relays: Relays
  /** peers of live views, one of them perhaps made before its tap */
  readonly ahead: PeerAhead
  /** sessions that wait for a tap on the tiles in view */
  readonly prepared: Prepared
  readonly signal: AbortSignal
  readonly connection: Signal<Connection>
  readonly roster: Signal<Roster>
  readonly people: Signal<People>
  readonly presence: Signal<ReadonlyMap<string, Presence>>
  /** why the list of cameras cannot be shown, one sentence */
  readonly rosterFault: Signal<string | undefined>
  /** true: there is a list of cameras, and this browser holds no key for it */
  readonly keyless: Signal<boolean>
  /** cameras that the recovery kit was to restore and has not reached */
  readonly unrestored: Signal<ReadonlySet<string>>
  /** cameras whose log was tampered with, and how: until the owner has taken note */
  readonly alarms: Signal<{ readonly [camId: string]: string }>
  readonly kitPending: Signal<boolean>
  /** the owner's changes, and what the cameras have confirmed */
  readonly policies: Policies
  /** cameras of others, by invitation */
  readonly guests: GuestCameras
  /** invitations whose link was opened on a second device: when, in seconds since the epoch */
  readonly reused: Signal<ReadonlyMap<string, number>>
  /** Changes the sealed list: what cameras and people are called. */
  readonly updateList: CameraList['update']
  readonly reloadList: CameraList['reload']
  readonly forgetList: CameraList['forget']
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
  const kitPending = signal((await keystore.pendingSeed()) !== undefined)
  const list = openCameraList(keystore, ended.signal)
  await list.reload()
  const pinned = (camId: string) => list.roster.value.find(entry => entry.camId === camId)?.key
  const guests = await openGuestCameras(keystore.guests)

  const signaling = connectSignaling({
    auth: device.auth,
    onConnection: state => {
      connection.value = state
      if (state !== 'online') return
      void policies.deliverAll()
      void relays.renew()
    },
    onPresence: event => {
      const before = presence.value.get(event.cam)
      presence.value = new Map(presence.value).set(event.cam, event)
      // Whatever the camera may have to say: it came, or it has a new beacon.
      const isNews = event.online && !(before?.online && before.beacon === event.beacon)
      if (isNews && pinned(event.cam)) void policies.refresh(event.cam)
    },
  })
  const relays = openRelays(signaling.request)
  const tabs = new BroadcastChannel(`ownsight-policies-${account.id}`)
  const policies = openPolicies({
    admin: device.admin,
    store: keystore.policies,
    pin: pinned,
    cameras: () => list.roster.value.map(entry => entry.camId),
    way: camId => signalingWay(signaling, camId),
    signal: ended.signal,
    onKept: camId => tabs.postMessage(camId),
  })
  tabs.addEventListener('message', ({ data }) => void policies.look(String(data)))
  const prepared = openPrepared({
    open: (camera, signal) =>
      watch({
        camera,
        view: device.view,
        ask: signaling.request as never,
        peer: relays.waitingPeer,
        beacon: () => presence.value.get(camera.camId)?.beacon,
        start: 'hold',
        signal,
      }),
    // Who hides this address behind a relay has no other way, and none is kept busy for one who waits.
    mayOpen: camId =>
      connection.value === 'online' &&
      presence.value.get(camId)?.online === true &&
      !relays.hidden.value &&
      !pageEvents.savesData(),
    clock: pageClock,
    page: pageEvents,
  })
  const ahead = openPeerAhead({
    make: relays.peer,
    servers: relays.servers,
    clock: pageClock,
    page: pageEvents,
    signal: ended.signal,
  })
  presence.subscribe(prepared.review)
  // A page that goes says so: else a camera would find it out seconds later.
  addEventListener('pagehide', prepared.letGo, { signal: ended.signal })

  return {
    account,
    device,
    keystore,
    signaling,
    relays,
    ahead,
    prepared,
    signal: ended.signal,
    connection,
    roster: list.roster,
    people: list.people,
    presence,
    rosterFault: list.fault,
    keyless: list.keyless,
    unrestored: signal<ReadonlySet<string>>(new Set(Object.keys(await keystore.marks('unrestored')))),
    alarms: signal<{ readonly [camId: string]: string }>(await keystore.marks('alarms')),
    kitPending,
    policies,
    guests,
    reused: signal<ReadonlyMap<string, number>>(new Map()),
    updateList: list.update,
    reloadList: list.reload,
    forgetList: list.forget,
    owner: keystore.owner,
    async addCamera(entry) {
      await list.update(({ roster, people }) => ({
        roster: [...roster.filter(other => other.camId !== entry.camId), entry],
        people: people.some(person => person.admin === device.admin.id)
          ? people
          : named(people, { view: device.view.id, admin: device.admin.id, name: deviceName() }),
      }))
      void policies.refresh(entry.camId)
    },
    dispose() {
      ended.abort()
      prepared.close()
      tabs.close()
      relays.close()
      signaling.close()
      keystore.close()
      list.roster.value = []
      list.people.value = []
      presence.value = new Map()
    },
  }
}
