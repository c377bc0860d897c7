import { ProtocolFault } from '@ownsight/protocol/errors'
import type { KeyPair, PublicKey } from '@ownsight/protocol/ids'
import type { Payload, Policy } from '@ownsight/protocol/messages'
import { type PolicyChange, sealNextPolicy } from '@ownsight/protocol/policy-change'
import { type InForce, openAck, openStatus, sealRead } from '@ownsight/protocol/read'
import { type ReadonlySignal, type Signal, signal } from '@preact/signals'
import { type Operation, sortOut } from './operation.ts'

/** What a camera has confirmed with its own signature, and when this device heard it. */
export type Confirmed = {
  readonly policy: Policy
  readonly hash: string
  /** milliseconds since the epoch */
  readonly at: number
  readonly status: Payload<'os1-status'>
}

/** What this device knows of one camera's policy. */
export type CameraPolicy = {
  readonly inForce?: Confirmed
  readonly pending: readonly Operation[]
  /** why the last attempt to reach the camera came to nothing; a hint, and only a hint */
  readonly trouble?: string
}

/** A way to the camera. What it yields is opened here; a way may lie. */
export type Way = {
  read(read: string): Promise<{ policy: string; status: string } | Failed>
  policy(policy: string): Promise<{ ack: string } | Failed>
}
type Failed = { refused: string } | { hint: string }

/** Where operations outlive the page. Every write is durable when its promise resolves. */
export type PolicyStore = {
  confirmed(camId: string): Promise<Confirmed | undefined>
  saveConfirmed(camId: string, confirmed: Confirmed): Promise<void>
  operations(camId: string): Promise<Operation[]>
  addOperation(operation: Omit<Operation, 'id'>): Promise<void>
  putOperations(operations: readonly Operation[]): Promise<void>
  dropOperations(ids: readonly number[]): Promise<void>
  forget(camId: string): Promise<void>
}

export type Policies = {
  /** What is known of a camera; loads it at the first call. */
  of(camId: string): ReadonlySignal<CameraPolicy>
  /** Keeps the operation; resolves when it is on the disk, and delivers it in its own time. */
  keep(camId: string, changes: readonly PolicyChange[], label: string): Promise<void>
  /** The same, and resolves when it was tried once, delivered or not. */
  change(camId: string, changes: readonly PolicyChange[], label: string): Promise<void>
  /** Asks the camera what is in force, and delivers what waits. */
  refresh(camId: string): Promise<void>
  deliverAll(): Promise<void>
  /** Shows what another tab has kept. */
  look(camId: string): Promise<void>
  /** From now until the returned function is called, this session's channel is the first way to the camera. */
  overChannel(camId: string, way: Way): () => void
  /** An answer to "is this still wanted?" */
  decide(camId: string, operationId: number, wanted: boolean): Promise<void>
  /** Drops all that is kept of a camera that was handed over. */
  forget(camId: string): Promise<void>
}

export type PoliciesOptions = {
  admin: KeyPair
  store: PolicyStore
  /** the pinned key of a camera in the sealed list */
  pin: (camId: string) => PublicKey | undefined
  cameras: () => readonly string[]
  way: (camId: string) => Way
  signal: AbortSignal
  /** told when something was kept or confirmed, so that other tabs look again */
  onKept?: (camId: string) => void
  /** milliseconds before another try by itself */
  retryMs?: (tries: number) => number
}

const ROUNDS = 6

type Box = {
  readonly state: Signal<CameraPolicy>
  ways: Way[]
  /** aborted when there is a better way than the one being tried */
  turn: AbortController
  running?: Promise<void> | undefined
  wanted: boolean
  tries: number
  timer?: ReturnType<typeof setTimeout> | undefined
}

/** The owner's changes, from the tap to the camera's own confirmation, however long that takes. */
export function openPolicies(options: PoliciesOptions): Policies {
  const { store } = options
  const boxes = new Map<string, Box>()
  const retryMs = options.retryMs ?? (tries => Math.min(2000 * 2 ** tries, 60_000))
  options.signal.addEventListener('abort', () => {
    for (const box of boxes.values()) clearTimeout(box.timer)
  })

  function boxOf(camId: string): Box {
    const known = boxes.get(camId)
    if (known) return known
    const state = signal<CameraPolicy>({ pending: [] })
    const box: Box = { state, ways: [], turn: new AbortController(), wanted: false, tries: 0 }
    boxes.set(camId, box)
    void show(camId)
    return box
  }

  /** Puts what is kept on the page. */
  async function show(camId: string, trouble?: string): Promise<void> {
    const [inForce, pending] = await Promise.all([store.confirmed(camId), store.operations(camId)])
    if (options.signal.aborted) return
    boxOf(camId).state.value = {
      pending,
      ...(inForce ? { inForce } : {}),
      ...(trouble === undefined ? {} : { trouble }),
    }
  }

  /** One at a time for each camera; what is asked meanwhile is done in one more go. */
  function run(camId: string): Promise<void> {
    const box = boxOf(camId)
    box.wanted = true
    box.running ??= (async () => {
      clearTimeout(box.timer)
      while (box.wanted && !options.signal.aborted) {
        box.wanted = false
        const trouble = await deliver(camId).catch(() => 'fault')
        if (options.signal.aborted) return
        await show(camId, trouble)
        const waits = box.state.value.pending.some(operation => !operation.unsure)
        box.tries = waits ? box.tries + 1 : 0
        if (waits) box.timer = setTimeout(() => void run(camId), retryMs(box.tries - 1))
      }
    })().finally(() => {
      box.running = undefined
    })
    return box.running
  }

  /** Over a live session where there is one, else through signaling. Returns why neither did it, or undefined. */
  async function deliver(camId: string): Promise<string | undefined> {
    const box = boxOf(camId)
    box.turn = new AbortController()
    const { signal: turn } = box.turn
    let trouble: string | undefined
    for (const way of [...box.ways, options.way(camId)]) {
      trouble = await deliverBy(camId, whileOn(turn, way), turn)
      if (trouble === undefined || turn.aborted || options.signal.aborted) break
    }
    return trouble
  }

  /** Read, apply, send, until nothing waits. */
  async function deliverBy(camId: string, way: Way, turn: AbortSignal): Promise<string | undefined> {
    let trouble: string | undefined
    for (let round = 0; round < ROUNDS && !turn.aborted && !options.signal.aborted; round++) {
      const current = await ask(camId, way)
      if (typeof current === 'string') return current
      const due = await settle(camId, current)
      if (due.length === 0) return undefined
      const next = await sealNextPolicy(
        options.admin,
        current,
        due.flatMap(operation => operation.changes),
      )
      // Kept before it leaves: an answer that is lost must not make this device give something twice.
      await store.putOperations(due.map(operation => ({ ...operation, tried: next.policy.n })))
      trouble = await send(camId, way, next, due)
    }
    return trouble ?? 'busy'
  }

  /** What the camera says is in force, or the code of what came instead. */
  async function ask(camId: string, way: Way): Promise<InForce | string> {
    const pin = options.pin(camId)
    if (!pin) return 'unknown_camera'
    const { read, no } = await sealRead(options.admin, { camId, what: 'policy' })
    const reply = await way.read(read)
    if ('refused' in reply) return 'refused'
    if ('hint' in reply) return reply.hint
    try {
      const current = await openStatus(reply, { camId, pin, asker: options.admin.id, no })
      const known = await store.confirmed(camId)
      return known && isOlder(current, known) ? 'older' : current
    } catch (error) {
      return error instanceof ProtocolFault ? 'foreign_answer' : 'fault'
    }
  }

  /** Keeps what was confirmed and drops what is in it. Returns the operations that are to be sent. */
  async function settle(camId: string, current: InForce): Promise<Operation[]> {
    const { policy, hash, status } = current
    await store.saveConfirmed(camId, { policy, hash, at: Date.now(), status: status.payload })
    const { done, due, unsure } = await sortOut(current, await store.operations(camId))
    await store.dropOperations(done.map(operation => operation.id))
    const asked = unsure.filter(operation => !operation.unsure)
    await store.putOperations(asked.map(operation => ({ ...operation, unsure: true })))
    options.onKept?.(camId)
    await show(camId)
    return due
  }

  async function send(
    camId: string,
    way: Way,
    next: { jws: string; hash: string },
    due: readonly Operation[],
  ): Promise<string | undefined> {
    const pin = options.pin(camId)
    if (!pin) return 'unknown_camera'
    const reply = await way.policy(next.jws)
    if ('refused' in reply) return reply.refused
    if ('hint' in reply) return reply.hint
    try {
      await openAck(reply.ack, { camId, pin, ph: next.hash })
    } catch {
      return 'foreign_answer'
    }
    await store.dropOperations(due.map(operation => operation.id))
    await show(camId)
    return undefined
  }

  async function keep(camId: string, changes: readonly PolicyChange[], label: string): Promise<void> {
    await store.addOperation({ cam: camId, changes, label, since: Date.now(), unsure: false })
    options.onKept?.(camId)
    await show(camId)
    void run(camId)
  }

  return {
    of: camId => boxOf(camId).state,
    keep,
    async change(camId, changes, label) {
      await keep(camId, changes, label)
      await run(camId)
    },
    refresh: run,
    async deliverAll() {
      await Promise.all(options.cameras().map(run))
    },
    look: camId => show(camId, boxOf(camId).state.value.trouble),
    overChannel(camId, way) {
      const box = boxOf(camId)
      box.ways = [...box.ways, way]
      box.turn.abort()
      void run(camId)
      return () => {
        box.ways = box.ways.filter(other => other !== way)
      }
    },
    async decide(camId, operationId, wanted) {
      const operation = (await store.operations(camId)).find(({ id }) => id === operationId)
      if (operation && wanted) await store.putOperations([again(operation)])
      else await store.dropOperations([operationId])
      await show(camId)
      await run(camId)
    },
    async forget(camId) {
      await store.forget(camId)
      await show(camId)
    },
  }
}

/** A way whose answers are waited for no longer than the turn lasts: one that withholds them must not block another. */
function whileOn(turn: AbortSignal, way: Way): Way {
  const over = new Promise<{ hint: string }>(resolve => {
    turn.addEventListener('abort', () => resolve({ hint: 'no_reply' }), { once: true })
  })
  return {
    read: read => Promise.race([way.read(read), over]),
    policy: policy => Promise.race([way.policy(policy), over]),
  }
}

/** A camera's epoch never goes back: less than it confirmed before means that its memory was put back. */
const isOlder = (current: InForce, known: Confirmed): boolean =>
  current.policy.n < known.policy.n || (current.policy.n === known.policy.n && current.hash !== known.hash)

/** The owner has said so once more, knowing what is in force: nothing from before speaks against it. */
const again = ({ tried: _, ...operation }: Operation): Operation => ({
  ...operation,
  unsure: false,
  since: Date.now(),
  changes: operation.changes.map(change => {
    if (change.op !== 'admit') return change
    const { inv: _, ...rest } = change
    return rest
  }),
})
