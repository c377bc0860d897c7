import type { Admin, Known } from './admin.ts'
import type { CameraEnd } from './transport.ts'

/**
 * What the holders of keys did, written down as they did it. Invariants compare what the programs arrived at with this,
 * never with the programs' own checks.
 */
export type Ledger = {
  /** every policy an honest key holder or the insider signed, by hash */
  readonly documents: Map<string, Known & { signer: string }>
  signed(document: Known & { signer: string }): void
  /** hashes in the order a camera key had them in force */
  readonly chains: Map<string, string[]>
  /** the highest number a camera key ever acknowledged, and for what */
  readonly acked: Map<string, { n: number; ph: string }>
  /** each end that ever was live */
  readonly lived: Set<CameraEnd>
  /** what a camera itself said of invitations */
  readonly redeemed: { camId: string; inv: string; view: string }[]
  /** what each answer granted, and the document in force then */
  readonly granted: { viewer: string; r: readonly string[]; hash: string }[]
  /** removals a person ordered, and how long the chain was then */
  readonly removals: { camId: string; k: string; by: Admin; after: number }[]
  /** camera key → root of the one who was shown its code */
  readonly codes: Map<string, string>
  /** camera keys that somebody who may do so has ended: by the button, or by a release */
  readonly left: Set<string>
  /** the key each camera had when last looked at */
  readonly keys: Map<string, string>
}

export function createLedger(): Ledger {
  const documents: Ledger['documents'] = new Map()
  return {
    documents,
    // Copied and signed anew by somebody else, it is still the document of who signed it first.
    signed: document => void (documents.has(document.hash) || documents.set(document.hash, document)),
    chains: new Map(),
    acked: new Map(),
    lived: new Set(),
    redeemed: [],
    granted: [],
    removals: [],
    codes: new Map(),
    left: new Set(),
    keys: new Map(),
  }
}
