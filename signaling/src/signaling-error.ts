/** Why the server does not start: the field, and one sentence that says what to do about it. */
export class SignalingError extends Error {
  readonly field: string
  override readonly name = 'SignalingError'

  constructor(field: string, remedy: string) {
    super(remedy)
    this.field = field
  }
}

/** A refusal of the HTTP interface: status, closed code, and one sentence for a person. Never holds content. */
export class ApiError extends Error {
  readonly status: number
  readonly code: string
  readonly field: string | undefined
  /** seconds */
  readonly retryAfter: number | undefined
  override readonly name = 'ApiError'

  constructor(
    status: number,
    code: string,
    message: string,
    more: { field?: string; retryAfter?: number } = {},
  ) {
    super(message)
    this.status = status
    this.code = code
    this.field = more.field
    this.retryAfter = more.retryAfter
  }
}
