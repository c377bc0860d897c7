import { sealBind } from '@ownsight/protocol/challenge'
import type { RelayGrant } from '@ownsight/protocol/relay-grant'
import { VERSION } from '@ownsight/protocol/version'
import type { CameraConfig, Network } from './config.ts'
import type { AgentState } from './doctor/agent-socket.ts'
import { cameraFolder } from './keystore.ts'
import { type Life, openLife } from './life.ts'
import type { Load } from './load.ts'
import { bind, pair } from './pair.ts'
import { endIdentity, eraseLife } from './reset.ts'
import { serveOnline } from './serve-online.ts'
import type { Reporter } from './status.ts'
import { step } from './steps.ts'

export const FIRMWARE = `ownsight-camera/${VERSION}`

export type Camera = {
  readonly name: string
  isPaired(): boolean
  /** as its connection to the server last said */
  state(): AgentState['cameras'][number]
  /** the relays that the server lends at this moment */
  grant(): Promise<RelayGrant | undefined>
  /** Shows codes until paired; one camera of an agent after another. */
  pair(signal: AbortSignal): Promise<'paired' | 'interrupted' | 'stopped'>
  /** Serves viewers until `signal` aborts, or an owner lets this camera go: then it has a new key and is unpaired. */
  run(signal: AbortSignal): Promise<'stopped' | 'released'>
}

export type CameraOptions = { data: string; server: string; network: Network; load: Load; report: Reporter }

export async function openCamera(config: CameraConfig, options: CameraOptions): Promise<Camera> {
  const { server } = options
  const { name } = config
  let presence: { online: boolean; note?: string } = { online: false }
  let grants = async (): Promise<RelayGrant | undefined> => undefined
  const report: Reporter = event => {
    if (event.event === 'online' || event.event === 'offline')
      presence = { online: event.event === 'online', ...(event.note ? { note: event.note } : {}) }
    options.report(event)
  }
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
    const onGrants = (asked: typeof grants): void => {
      grants = asked
    }
    const outcome = await serveOnline(config, {
      ...options,
      report,
      fw: FIRMWARE,
      life,
      forget,
      onGrants,
      signal,
    })
    presence = { online: false }
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
    state: () => ({ name, paired: life.policies.state() !== undefined, ...presence }),
    grant: () => grants(),
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
