/** A fault a person can mend: the message is the whole of what they see. `field` names the setting or file. */
export class AgentError extends Error {
  readonly field: string
  override readonly name = 'AgentError'
  constructor(field: string, message: string) {
    super(message)
    this.field = field
  }
}
