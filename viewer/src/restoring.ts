import type { KeyId } from '@ownsight/protocol/ids'
import { type Signal, signal } from '@preact/signals'
import type { Home } from './home.ts'
import { named } from './people.ts'
import {
  type Asking,
  askAsRoot,
  type Kit,
  type OwnList,
  restoreCamera,
  type Standing,
  standingOf,
  type Trouble,
} from './recover.ts'

export type Step = 'asking' | 'found' | 'restoring' | 'restored' | Trouble
export type RestoringCamera = { readonly camId: KeyId; readonly name: string; readonly step: Step }
/** Somebody who may watch, and the cameras it is so for. */
export type Candidate = Standing & { readonly cameras: readonly string[] }

/** One use of the kit, for as long as its page is open. */
export type Restoring = {
  readonly cameras: Signal<readonly RestoringCamera[]>
  readonly candidates: Signal<readonly Candidate[]>
  /** Asks each camera once who may watch and change it. */
  look(): Promise<void>
  /**
   * Takes the cameras back, and goes on with those that do not answer while the page is open. Resolves when each was
   * tried once. @param keep the candidates who go on watching
   */
  restore(keep: ReadonlySet<KeyId>, deviceName: string): Promise<void>
}

const RETRY_MS = 4000

export function openRestoring(home: Home, kit: Kit, list: OwnList, page: AbortSignal): Restoring {
  const ask = home.signaling.request as Asking
  const only = home.unrestored.value
  const wanted = list.roster.filter(({ camId }) => only.size === 0 || only.has(camId))
  const cameras = signal<readonly RestoringCamera[]>(
    wanted.map(({ camId, name }) => ({ camId, name, step: 'asking' as const })),
  )
  const candidates = signal<readonly Candidate[]>([])
  const { admin, view } = home.device
  const enter = (camId: KeyId, step: Step): void => {
    cameras.value = cameras.value.map(camera => (camera.camId === camId ? { ...camera, step } : camera))
  }

  async function lookAt(entry: OwnList['roster'][number]): Promise<void> {
    const inForce = await askAsRoot(ask, kit, entry)
    if (page.aborted) return
    enter(entry.camId, typeof inForce === 'string' ? inForce : 'found')
    if (typeof inForce === 'string') return
    for (const standing of await standingOf(inForce.policy, list.people))
      if (standing.id !== view.id) add(standing, entry.name)
  }
  function add(standing: Standing, camera: string): void {
    const known = candidates.value.find(({ id }) => id === standing.id)
    candidates.value = known
      ? candidates.value.map(each =>
          each === known ? { ...each, cameras: [...each.cameras, camera] } : each,
        )
      : [...candidates.value, { ...standing, cameras: [camera] }]
  }

  async function take(entry: OwnList['roster'][number], keep: ReadonlySet<KeyId>): Promise<void> {
    enter(entry.camId, 'restoring')
    const device = { admin: admin.publicKey, view: view.publicKey }
    const outcome = await restoreCamera(ask, { kit, camera: entry, device, keep })
    if (outcome === 'restored') {
      await home.keystore.mark('unrestored', entry.camId, undefined)
      home.unrestored.value = new Set([...home.unrestored.value].filter(camId => camId !== entry.camId))
      void home.policies.refresh(entry.camId)
    }
    if (!page.aborted) enter(entry.camId, outcome)
  }

  async function keepTrying(entry: OwnList['roster'][number], keep: ReadonlySet<KeyId>): Promise<void> {
    const stepOf = () => cameras.value.find(({ camId }) => camId === entry.camId)?.step
    while (!page.aborted && stepOf() === 'offline') {
      await new Promise(resolve => setTimeout(resolve, RETRY_MS))
      if (!page.aborted && home.presence.value.get(entry.camId)?.online) await take(entry, keep)
    }
  }

  return {
    cameras,
    candidates,
    async look() {
      await Promise.all(wanted.map(lookAt))
    },
    async restore(keep, deviceName) {
      // Who was let in on a camera that is off now, by name, stays on it unless the owner has just said otherwise.
      const asked = new Set(candidates.value.map(({ id }) => id))
      const others = list.people.filter(person => !person.admin && !asked.has(person.view))
      const stays = new Set([...keep, ...others.map(person => person.view)])
      await adopt(
        home,
        kit,
        wanted.map(({ camId }) => camId),
      )
      await Promise.all(wanted.map(entry => take(entry, stays)))
      await nameDevice(home, deviceName)
      for (const entry of wanted) void keepTrying(entry, stays)
    },
  }
}

/** From here on this browser is an owner's: it holds root's public half and the key of the list. */
async function adopt(home: Home, kit: Kit, camIds: readonly KeyId[]): Promise<void> {
  for (const camId of camIds) await home.keystore.mark('unrestored', camId, 'kit')
  home.unrestored.value = new Set([...home.unrestored.value, ...camIds])
  await home.keystore.saveOwner({ root: kit.root.publicKey, roster: kit.roster })
  void navigator.storage?.persist?.().catch(() => false)
  await home.reloadList()
}

/** Writes this device's name into the list, for the owner's other devices. A list that cannot be written now is no harm. */
export async function nameDevice(home: Home, name: string): Promise<void> {
  const { admin, view } = home.device
  const entry = { view: view.id, admin: admin.id, name }
  await home
    .updateList(({ roster, people }) => ({ roster, people: named(people, entry) }))
    .catch(() => undefined)
}
