import { ProtocolFault } from '@ownsight/protocol/errors'
import { openRoster, type People, type Roster, sealRoster } from '@ownsight/protocol/roster'
import { type Signal, signal } from '@preact/signals'
import { ApiFault, api } from './api.ts'
import type { Keystore } from './keystore.ts'

export type ListContent = { roster: Roster; people: People }

/** The account's sealed list: which cameras there are, which keys they have, what cameras and people are called. */
export type CameraList = {
  readonly roster: Signal<Roster>
  readonly people: Signal<People>
  /** why the list cannot be shown, one sentence */
  readonly fault: Signal<string | undefined>
  /** true: there is a list, and this browser has no key for it */
  readonly keyless: Signal<boolean>
  /** Reads it again from the server. Faults are shown, not thrown. */
  reload(): Promise<void>
  /** Gives up a list that this browser has no key for: the next one written stands in its place. */
  forget(): Promise<void>
  /** Applies a change to the newest list, again when another device was faster. @throws ApiFault, ProtocolFault */
  update(change: (content: ListContent) => ListContent): Promise<void>
}

export function openCameraList(keystore: Keystore, ended: AbortSignal): CameraList {
  const roster = signal<Roster>([])
  const people = signal<People>([])
  const fault = signal<string | undefined>(undefined)
  const keyless = signal(false)
  /** number of the list that its owner gave up */
  let givenUp = 0

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
    if (version === givenUp) return version
    keyless.value = !owner
    if (!owner) {
      fault.value =
        'Your cameras were paired with another browser. Open Ownsight there: this browser does not hold the keys, and the server cannot give them.'
      return version
    }
    const opened = await openRoster(owner.roster, sealed, floor)
    if (ended.aborted) return opened.version
    await keystore.raiseRosterFloor(opened.version)
    roster.value = opened.roster
    people.value = opened.people
    fault.value = undefined
    return opened.version
  }

  async function update(change: (content: ListContent) => ListContent): Promise<void> {
    const owner = await keystore.owner()
    if (!owner) throw new ProtocolFault('bad_key', 'roster', 'make the recovery kit first')
    for (let attempt = 0; ; attempt++) {
      const version = await load()
      const next = change({ roster: roster.value, people: people.value })
      try {
        const sealed = await sealRoster(owner.roster, next.roster, version + 1, next.people)
        await api.saveRoster(version + 1, sealed)
        await keystore.raiseRosterFloor(version + 1)
        roster.value = next.roster
        people.value = next.people
        return
      } catch (error) {
        // Another device was faster: read its list and put the change on top of that.
        if (!(error instanceof ApiFault && error.code === 'conflict') || attempt === 3) throw error
      }
    }
  }

  return {
    roster,
    people,
    fault,
    keyless,
    async reload() {
      try {
        const version = await load()
        // What was given up is written over as soon as there is a key to write with.
        if (version > 0 && version === givenUp && (await keystore.owner())) await update(content => content)
      } catch (error) {
        if (!ended.aborted) fault.value = sentence(error)
      }
    },
    async forget() {
      if (!keyless.value) return
      const { version } = await api.roster()
      givenUp = version
      keyless.value = false
      fault.value = undefined
    },
    update,
  }
}

function sentence(error: unknown): string {
  if (error instanceof ApiFault) return error.message
  if (error instanceof ProtocolFault && error.code === 'bad_epoch')
    return 'The server sent an older list of cameras than this browser has seen. It was not used.'
  if (error instanceof ProtocolFault)
    return 'The list of cameras was not written by one of your devices. It was not used.'
  return 'The list of cameras could not be read. Reload the page.'
}
