/** What an envelope says, believed by nobody. */
export const payloadOf = (e: string): Record<string, unknown> => {
  try {
    return JSON.parse(Buffer.from(e.split('.')[1] ?? '', 'base64url').toString())
  } catch {
    return {}
  }
}
