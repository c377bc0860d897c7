import type { DtlsRecord } from './records.ts'

const RECORDS_MAX = 4
/** A sealed Finished has 61 bytes; anyone on the path may write what comes before the keys. */
const BYTES_MAX = 128

export type EarlyRecords = {
  keep(record: DtlsRecord): void
  /** All that were kept, once. */
  take(): DtlsRecord[]
}

/**
 * Sealed handshake records that overtook the key exchange (RFC 6347 §4.1: they may be kept). Without them a client whose
 * flight lost one datagram has to send all of it again, and some wait a second for that, then two, then four.
 */
export function earlyRecords(): EarlyRecords {
  let kept: DtlsRecord[] = []
  return {
    keep(record) {
      if (kept.length < RECORDS_MAX && record.raw.length <= BYTES_MAX) kept.push(record)
    },
    take() {
      const all = kept
      kept = []
      return all
    },
  }
}
