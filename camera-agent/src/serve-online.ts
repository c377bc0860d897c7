import type { RelayGrant } from '@ownsight/protocol/relay-grant'
import { announceOver } from './announce.ts'
import type { CameraConfig, Network } from './config.ts'
import { createControl } from './control.ts'
import type { Life } from './life.ts'
import type { Load } from './load.ts'
import { createShare } from './media/share.ts'
import { relayGrants } from './relay-grant.ts'
import { route } from './route.ts'
import { keepRelays, type RelayState } from './rtc/relay.ts'
import { createServer } from './serve.ts'
import { connectSignaling } from './signaling-client.ts'
import type { Reporter } from './status.ts'
import { openWindow } from './window.ts'

const SECOND_MS = 1000
const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000

export type OnlineOptions = {
  server: string
  network: Network
  report: Reporter
  load: Load
  fw: string
  life: Life
  /** ends this identity, durably; rejects while it goes on */
  forget: () => Promise<void>
  /** told how to ask for the relays that the server lends */
  onGrants: (grants: () => Promise<RelayGrant | undefined>) => void
  signal: AbortSignal
}

/** One paired camera on its signaling server, until it is stopped or let go. */
export async function serveOnline(
  config: CameraConfig,
  options: OnlineOptions,
): Promise<'stopped' | 'released'> {
  const { life, report, signal, server, fw } = options
  const { keys, policies, clock, log, journal } = life
  const { name, audio: sound = true } = config
  const { relay: mayRelay = true, ...media } = options.network
  const cam = keys.cam
  const over = Promise.withResolvers<'stopped' | 'released'>()
  signal.addEventListener('abort', () => over.resolve('stopped'), { once: true })
  clock.raise(policies.state()?.floor ?? 0)

  const window = openWindow(() => performance.now() / 1000)
  const share = createShare(config.source, { cameraName: name, camId: cam.id, sound })
  const privacy = privacySwitch(share.setPrivate, on => report({ event: 'privacy', camera: name, on }))
  const control = createControl({
    cam,
    fw,
    policies,
    clock,
    log,
    journal,
    windows: window.nonces,
    watching: () => sessions.watching(),
    onPolicy: () => {
      sessions.recheck()
      privacy(isPrivate())
    },
    onNews: () => void announcer.now(),
    forget: options.forget,
    onReleased: () => {
      sessions.close('released')
      over.resolve('released')
    },
  })
  const sessions = createServer({
    cam,
    policies,
    window,
    clock,
    share,
    journal,
    control,
    load: options.load,
    sound,
    peerOptions: { relay: () => relays?.take() ?? {}, ...media },
    onCount: code => {
      if (code === 'closed') announcer.soon()
    },
    onWay: way => announcer.count(way),
    onViewers: changes<number>(0, viewers => report({ event: 'watching', camera: name, viewers })),
  })
  const isPrivate = (): boolean => policies.current()?.policy.privacy === true
  privacy(isPrivate())
  const unlisten = share.onStatus(({ state, note, sound: codec }) =>
    report({
      event: 'source',
      camera: name,
      state,
      ...(codec ? { sound: codec } : {}),
      ...(note ? { note } : {}),
    }),
  )
  const inForce = policies.current()
  if (inForce) await journal.policy(inForce)
  await journal.boot(fw)
  await journal.minute()

  const client = connectSignaling({
    server,
    namespace: 'camera',
    auth: keys.auth,
    onOnline: () => {
      report({ event: 'online', camera: name })
      void announcer.now()
      relays?.retry()
    },
    onOffline: note => report({ event: 'offline', camera: name, note }),
  })
  const onState = (state: RelayState) => {
    if (state !== 'none' && state !== 'trying') report({ event: 'relay', camera: name, state })
  }
  const grants = relayGrants(client.socket)
  options.onGrants(grants)
  const relays = mayRelay ? keepRelays(grants, { onState }) : undefined
  const announcer = announceOver(client.socket, { cam, fw, policies, window, log })
  route(client.socket, { sessions, control })

  const stopTimers = everySo({
    second: () => {
      sessions.recheck()
      if (window.rotate()) void announcer.now()
    },
    minute: () => void journal.minute(),
    hour: () => {
      // A disk that fails is no reason to stop showing who may see; the next hour tries again.
      policies.saveFloor(clock.floor()).catch(() => undefined)
      log.dropBefore(clock.floor()).catch(() => undefined)
      void announcer.now()
    },
  })
  const outcome = await over.promise
  stopTimers()
  unlisten()
  sessions.close()
  announcer.close()
  client.close()
  await Promise.all([share.close(), sessions.settled(), relays?.close()])
  await journal.minute()
  await log.close()
  await policies.saveFloor(clock.floor()).catch(() => undefined)
  return outcome
}

function everySo(work: { second: () => void; minute: () => void; hour: () => void }): () => void {
  const timers = [
    setInterval(work.second, SECOND_MS),
    setInterval(work.minute, MINUTE_MS),
    setInterval(work.hour, HOUR_MS),
  ]
  return () => {
    for (const timer of timers) clearInterval(timer)
  }
}

/** Calls on change only. */
function changes<T>(initial: T, handle: (value: T) => void): (value: T) => void {
  let last = initial
  return value => {
    if (value === last) return
    last = value
    handle(value)
  }
}

/** The source first, the report when it changed: at a start too, where the camera was private before. */
function privacySwitch(close: (on: boolean) => void, report: (on: boolean) => void): (on: boolean) => void {
  const told = changes<boolean>(false, report)
  return on => {
    close(on)
    told(on)
  }
}
