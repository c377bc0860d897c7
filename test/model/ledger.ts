import type { Known } from './admin.ts'
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
  /** each end a frame was sent on */
  readonly framed: Set<CameraEnd>
  /** removals a person ordered: camera and key */
  readonly removals: { camId: string; k: string }[]
}

export function createLedger(): Ledger {
  const documents: Ledger['documents'] = new Map()
  return {
    documents,
    signed: document => void documents.set(document.hash, document),
    chains: new Map(),
    acked: new Map(),
    lived: new Set(),
    framed: new Set(),
    removals: [],
  }
}
