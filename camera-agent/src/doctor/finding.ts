/** One thing the doctor looked at: what it found, and where something is wrong, what to do. */
export type Finding = {
  readonly check: 'server' | 'clock' | 'sign-in' | 'network' | 'relay' | 'source'
  readonly ok: boolean
  /** stable, for programs */
  readonly code: string
  /** one sentence for a person; never an address with a password, a key or a token */
  readonly sentence: string
}

export const good = (check: Finding['check'], sentence: string, code = 'ok'): Finding => ({
  check,
  ok: true,
  code,
  sentence,
})
export const bad = (check: Finding['check'], code: string, sentence: string): Finding => ({
  check,
  ok: false,
  code,
  sentence,
})
