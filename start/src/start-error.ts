/** Something the person who typed `npm start` can mend; the message says how. */
export class StartError extends Error {
  override readonly name = 'StartError'
}
