/**
 * The closed list of protocol faults. A camera checks an offer in the order of this list's first part and
 * names the first fault it meets; the rest belong to pairing, policy, session and transport.
 */
export const FAULT_CODES = [
  'limit',
  'bad_form',
  'bad_type',
  'wrong_aud',
  'unknown_viewer',
  'bad_sig',
  'stale_win',
  'replay',
  'clock',
  'expired',
  'no_right',
  'bad_sdp',
  'bad_mac',
  'bad_hash',
  'bad_key',
  'bad_epoch',
  'paired',
  'not_offering',
  'interrupted',
  'foreign_answer',
  'stale_challenge',
  'wrong_origin',
  'version',
  'busy',
  'private',
  'unknown_invite',
  'used',
] as const

export type FaultCode = (typeof FAULT_CODES)[number]

/** A refusal with a closed code, the field it is about, and a sentence that says what to do. Never holds content. */
export class ProtocolFault extends Error {
  readonly code: FaultCode
  readonly field: string
  override readonly name = 'ProtocolFault'

  constructor(code: FaultCode, field: string, remedy: string) {
    super(`${code} (${field}): ${remedy}`)
    this.code = code
    this.field = field
  }
}

/** The fault's code, or `bad_form` for anything that is not a ProtocolFault: an unknown error permits nothing. */
export function faultCode(error: unknown): FaultCode {
  return error instanceof ProtocolFault ? error.code : 'bad_form'
}
