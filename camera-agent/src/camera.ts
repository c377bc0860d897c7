import { sealBind } from '@ownsight/protocol/challenge'
import { VERSION } from '@ownsight/protocol/version'
import type { CameraConfig, Network } from './config.ts'
import { cameraFolder } from './keystore.ts'
import { type Life, openLife } from './life.ts'
import { bind, pair } from './pair.ts'
import { endIdentity, eraseLife } from './reset.ts'
import { serveOnline } from './serve-online.ts'
import type { Reporter } from './status.ts'
import { step } from './steps.ts'

export const FIRMWARE = `ownsight-camera/${VERSION}`

export type Camera = {
  readonly name: string
  isPaired(): boolean
  /** Shows codes until paired; one camera of an agent after another. */
  pair(signal: AbortSignal): Promise<'paired' | 'interrupted' | 'stopped'>
  /** Serves viewers until `signal` aborts, or an owner lets this camera go: then it has a new key and is unpaired. */
  run(signal: AbortSignal): Promise<'stopped' | 'released'>
}

export type CameraOptions = { data: string; server: string; network: Network; report: Reporter }

export async function openCamera(config: CameraConfig, options: CameraOptions): Promise<Camera> {
  const { report, server } = options
  const { name } = config
  const folder = cameraFolder(options.data, config.slug)
  let life = await openLife(folder)

  /** The old key ends first; what is left of its life is erased now, or at the next start after a crash. */
  async function forget(): Promise<void> {
    await endIdentity(folder)
    await life.log.close().catch(() => undefined)
    await eraseLife(folder).catch(() => undefined)
    step('reset.done')
  }

  async function run(signal: AbortSignal): Promise<'stopped' | 'released'> {
    if (signal.aborted || !(await bound(life, signal))) return 'stopped'
    const outcome = await serveOnline(config, { ...options, fw: FIRMWARE, life, forget, signal })
    if (outcome === 'released') {
      life = await openLife(folder)
      report({ event: 'released', camera: name })
    }
    return outcome
  }

  async function bound({ keys, policies }: Life, signal: AbortSignal): Promise<boolean> {
    const state = policies.state()
    if (!state?.ticket || state.bound) return state?.bound === true
    const { ticket } = state
    const onOffline = (note: string) => report({ event: 'offline', camera: name, note })
    const seal = () => sealBind({ cam: keys.cam, auth: keys.auth.publicKey, ticket, origin: server })
    const outcome = await bind({ server, bind: seal, signal, onOffline })
    if (outcome === 'bound') await policies.markBound()
    if (outcome === 'refused')
      onOffline('the signaling server forgot this pairing: reset the camera and pair it again')
    return outcome === 'bound'
  }

  return {
    name,
    isPaired: () => life.policies.state() !== undefined,
    pair: signal =>
      pair({
        camera: name,
        server,
        cam: life.keys.cam,
        fw: FIRMWARE,
        policies: life.policies,
        report,
        signal,
      }),
    run,
  }
}
