import { startClock } from '@ownsight/camera-agent/camera-clock'
import type { CameraLog } from '@ownsight/camera-agent/camera-log'
import type { Control } from '@ownsight/camera-agent/control'
import { keepJournal } from '@ownsight/camera-agent/journal'
import type { PolicyStore } from '@ownsight/camera-agent/policy-store'
import type { Server } from '@ownsight/camera-agent/serve'
import { type OfferWindow, openWindow } from '@ownsight/camera-agent/window'
import { seal } from '@ownsight/protocol/envelope'
import type { KeyPair } from '@ownsight/protocol/ids'
import { newPairingSecret, type PairingCode } from '@ownsight/protocol/pairing'
import { type CameraPairing, offerCameraPairing } from '@ownsight/protocol/pairing-camera'
import { type Crash, crashAtNextWrite, eraseFolder } from './disk.ts'
import { createControl, createServer, openPolicyStore } from './real-code.ts'
import { cameraEnds } from './transport.ts'
import { as, type Device, monotonic, trueNow } from './virtual-time.ts'

/** One camera: its disk and key, and the process that runs on them until it dies. */
export type Camera = {
  readonly name: string
  readonly folder: string
  cam: KeyPair
  /** how wrong its system clock is */
  skewMs: number
  process: Process | undefined
}

export type Process = {
  readonly device: Device
  readonly policies: PolicyStore
  readonly window: OfferWindow
  readonly clock: ReturnType<typeof startClock>
  serving: { server: Server; control: Control } | undefined
  pairing: { offered: CameraPairing; code: PairingCode; phrase: string | undefined } | undefined
}

/** What a camera tells the world of the model, and the new key it takes from there. */
export type CameraEvents = {
  publish(e: string, m?: string): void
  newKey(): KeyPair | undefined
}

const seconds = (): number => monotonic() / 1000

/** Starts the process, as after power came back. */
export async function boot(camera: Camera, events: CameraEvents): Promise<void> {
  const device: Device = { name: camera.name, skewMs: camera.skewMs, dead: false }
  const { cam, folder } = camera
  await as(device, async () => {
    const policies = await openPolicyStore(folder, cam)
    const system = (): number => (trueNow() + device.skewMs) / 1000
    const clock = startClock(policies.state()?.floor ?? 0, system, seconds)
    const window = openWindow(seconds)
    camera.process = { device, policies, window, clock, serving: undefined, pairing: undefined }
    if (policies.state()) await serve(camera, events)
  })
}

/** A log that forgets: what it holds has tests of its own. */
function blankLog(): CameraLog {
  let i = 0
  const blank: Pick<CameraLog, 'place' | 'newestDoc' | 'append' | 'ready'> = {
    place: () => ({ i, h: 'A'.repeat(43) }),
    newestDoc: () => undefined,
    append: async () => {
      i++
    },
    ready: async () => true,
  }
  return blank as CameraLog
}

/** The wiring of camera.ts once it is paired: serve, tell its window, look again each second. */
export async function serve(camera: Camera, events: CameraEvents): Promise<void> {
  const { process, cam } = camera
  if (!process || process.serving) return
  const { policies, window, clock } = process
  const log = blankLog()
  const journal = keepJournal(log, clock, monotonic)
  const share = createShare()
  const publish = async (): Promise<void> => {
    const e = await beacon(camera)
    if (e) events.publish(e)
  }
  const judge = (): void => {
    share.setPrivate(policies.current()?.policy.privacy ?? false)
    process.serving?.server.recheck()
  }
  const control = createControl({
    cam,
    fw: 'model',
    policies,
    clock,
    log,
    journal,
    windows: window.nonces,
    watching: () => process.serving?.server.watching() ?? 0,
    onPolicy: judge,
    onNews: () => void publish(),
    forget: async () => {
      if (!forget(camera, events)) throw new Error('no more keys in this run')
    },
    onReleased: () => process.serving?.server.close('released'),
  })
  const server = createServer({
    cam,
    policies,
    window,
    clock,
    share: share as never,
    journal,
    control,
    peerOptions: {} as never,
    onCount: () => undefined,
    onWay: () => undefined,
    onViewers: () => undefined,
  })
  process.serving = { server, control }
  judge()
  setInterval(() => {
    server.recheck()
    if (window.rotate()) void publish()
  }, 1000)
  await publish()
}

/** A new key and an empty disk; false when the run has no more keys. */
function forget(camera: Camera, events: CameraEvents): boolean {
  const next = events.newKey()
  if (!next) return false
  camera.cam = next
  eraseFolder(camera.folder)
  return true
}

/** A source that yields one frame to each viewer. */
function createShare() {
  let isPrivate = false
  return {
    setPrivate: (on: boolean) => {
      isPrivate = on
    },
    subscribe: (_: string, onFrame: (frame: unknown) => void) => {
      let open = true
      queueMicrotask(() => open && !isPrivate && onFrame({ payloads: [], timestamp: 1 }))
      const close = () => {
        open = false
      }
      return { close, requestKeyframe: () => undefined }
    },
    status: () => ({ state: 'live' }),
    onStatus: () => () => undefined,
  }
}

export async function beacon({ cam, process }: Camera): Promise<string | undefined> {
  const policy = process?.policies.current()
  const win = process?.window.nonces()[0]
  if (!policy || !win) return undefined
  const { hash: ph } = policy
  const iat = Math.floor(Date.now() / 1000)
  const payload = { v: 1 as const, iss: cam.id, win, n: policy.policy.n, ph, fw: 'model', iat }
  return seal('os1-beacon', payload, cam.sign)
}

/** Shows a new code, when nobody has paired it. */
export async function showCode(camera: Camera): Promise<PairingCode | undefined> {
  const { process, cam } = camera
  if (!process || process.policies.state()) return undefined
  const code: PairingCode = { secret: newPairingSecret(), camId: cam.id }
  const offered = await offerCameraPairing({
    secret: code.secret,
    cam,
    fw: 'model',
    now: seconds,
    commit: (paired, jws, signer) => process.policies.pair(paired, jws, signer, null),
    onState: (_, phrase) => {
      if (process.pairing && phrase) process.pairing.phrase = phrase
    },
  })
  process.pairing = { offered, code, phrase: undefined }
  return code
}

/** The process is gone at once; what was in its memory is lost. */
export function kill(camera: Camera): void {
  if (!camera.process) return
  camera.process.device.dead = true
  for (const end of cameraEnds.filter(each => each.device === camera.process?.device)) end.close()
}

/** Power fails at the next write. */
export const crash = (camera: Camera, when: Crash): void => crashAtNextWrite(camera.folder, when)

/** The button: everything forgotten, a new key. */
export async function reset(camera: Camera, events: CameraEvents): Promise<void> {
  if (!forget(camera, events)) return
  kill(camera)
  await boot(camera, events)
}
