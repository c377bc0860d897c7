import { sealBind } from '@ownsight/protocol/challenge'
import { seal } from '@ownsight/protocol/envelope'
import { faultCode } from '@ownsight/protocol/errors'
import { deliveries, type Reply } from '@ownsight/protocol/events'
import { VERSION } from '@ownsight/protocol/version'
import type { Socket } from 'socket.io-client'
import * as v from 'valibot'
import { startClock } from './camera-clock.ts'
import type { CameraConfig, Network } from './config.ts'
import { type CameraKeys, cameraFolder, createKeys, loadKeys } from './keystore.ts'
import { createShare } from './media/share.ts'
import { bind, pair } from './pair.ts'
import { openPolicyStore, type PolicyStore } from './policy-store.ts'
import { createServer, type Server } from './serve.ts'
import { connectSignaling } from './signaling-client.ts'
import type { Reporter } from './status.ts'
import { step } from './steps.ts'
import { openWindow } from './window.ts'

export const FIRMWARE = `ownsight-camera/${VERSION}`

const monotonic = (): number => performance.now() / 1000

export type Camera = {
  readonly name: string
  readonly camId: string
  isPaired(): boolean
  /** Shows codes until paired; one camera of an agent after another. */
  pair(signal: AbortSignal): Promise<'paired' | 'interrupted' | 'stopped'>
  /** Serves viewers until `signal` aborts. */
  run(signal: AbortSignal): Promise<void>
}

export async function openCamera(
  config: CameraConfig,
  options: { data: string; server: string; network: Network; report: Reporter },
): Promise<Camera> {
  const { report, server } = options
  const folder = cameraFolder(options.data, config.slug)
  const keys = (await loadKeys(folder)) ?? (await createKeys(folder))
  const policies = await openPolicyStore(folder, keys.cam)
  return {
    name: config.name,
    camId: keys.cam.id,
    isPaired: () => policies.state() !== undefined,
    pair: signal =>
      pair({ camera: config.name, server, cam: keys.cam, fw: FIRMWARE, policies, report, signal }),
    run: signal => run(config, { ...options, keys, policies, signal }),
  }
}

type RunOptions = {
  server: string
  network: Network
  report: Reporter
  keys: CameraKeys
  policies: PolicyStore
  signal: AbortSignal
}

async function run(config: CameraConfig, options: RunOptions): Promise<void> {
  const { keys, policies, report, signal, server } = options
  const offline = (note: string) => report({ event: 'offline', camera: config.name, note })
  const state = policies.state()
  if (!state) return
  if (!state.bound && !(await bindOnce(options, offline))) return

  const clock = startClock(state.floor)
  const window = openWindow(monotonic)
  const share = createShare(config.source, { cameraName: config.name, camId: keys.cam.id })
  const sessions = createServer({
    cam: keys.cam,
    policies,
    window,
    clock,
    share,
    peerOptions: { iceServers: [], ...options.network },
    onCount: () => undefined,
    onViewers: viewersReporter(config.name, report),
  })
  const unlisten = share.onStatus(({ state: name, note }) =>
    report({ event: 'source', camera: config.name, state: name, ...(note ? { note } : {}) }),
  )
  const client = connectSignaling({
    server,
    namespace: 'camera',
    auth: keys.auth,
    onOnline: socket => {
      report({ event: 'online', camera: config.name })
      void publish(socket)
    },
    onOffline: offline,
  })

  async function publish(socket: Socket): Promise<void> {
    const policy = policies.current()
    const win = window.nonces()[0]
    if (!policy || !win) return
    const iat = Math.floor(Date.now() / 1000)
    const payload = {
      v: 1 as const,
      iss: keys.cam.id,
      win,
      n: policy.policy.n,
      ph: policy.hash,
      fw: FIRMWARE,
      iat,
    }
    const beacon = await seal('os1-beacon', payload, keys.cam.sign)
    socket.emit('publish', { beacon }, () => undefined)
  }
  const onPolicy = (): void => {
    clock.raise(policies.state()?.floor ?? 0)
    void publish(client.socket)
  }
  route(client.socket, { sessions, policies, onPolicy })

  const second = setInterval(() => {
    sessions.recheck()
    if (window.rotate() && client.socket.connected) void publish(client.socket)
  }, 1000)
  const hour = setInterval(() => void policies.saveFloor(clock.floor()), 3_600_000)
  await new Promise(resolve => signal.addEventListener('abort', resolve, { once: true }))
  clearInterval(second)
  clearInterval(hour)
  unlisten()
  sessions.close()
  client.close()
  await share.close()
}

/** What the server may deliver: an offer, a policy. Everything else has no handler. */
function route(
  socket: Socket,
  { sessions, policies, onPolicy }: { sessions: Server; policies: PolicyStore; onPolicy: () => void },
): void {
  socket.on('offer', (delivery: unknown, ack: unknown) => {
    const parsed = v.safeParse(deliveries.offer, delivery)
    if (!parsed.success || typeof ack !== 'function') return
    void sessions.offer(parsed.output.offer).then(reply => ack(reply ?? { hint: 'no_reply' }))
  })
  socket.on('policy', (delivery: unknown, ack: unknown) => {
    const parsed = v.safeParse(deliveries.policy, delivery)
    if (!parsed.success || typeof ack !== 'function') return
    void policies
      .update(parsed.output.policy)
      .then((acknowledged): Reply<'policy'> => {
        onPolicy()
        sessions.recheck()
        step('policy.acked')
        return { ack: acknowledged }
      })
      .catch((error): Reply<'policy'> => ({ refused: faultCode(error) }))
      .then(reply => ack(reply))
  })
}

async function bindOnce(options: RunOptions, onOffline: (note: string) => void): Promise<boolean> {
  const { keys, policies, server, signal } = options
  const ticket = policies.state()?.ticket
  if (!ticket) return false
  const seal = () => sealBind({ cam: keys.cam, auth: keys.auth.publicKey, ticket, origin: server })
  const outcome = await bind({ server, bind: seal, signal, onOffline })
  if (outcome === 'bound') await policies.markBound()
  if (outcome === 'refused')
    onOffline('the signaling server forgot this pairing: reset the camera and pair it again')
  return outcome === 'bound'
}

function viewersReporter(camera: string, report: Reporter): (viewers: number) => void {
  let last = 0
  return viewers => {
    if (viewers !== last) report({ event: 'watching', camera, viewers })
    last = viewers
  }
}
