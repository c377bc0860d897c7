/** What one viewer was sent, and how its path does. */
export type SendStats = {
  /** packets of pictures */
  sent: number
  /** packets of sound */
  sound: number
  retransmitted: number
  /** probe packets that carried nothing new */
  probed: number
  /** asked for again, and not sent: too old, too soon or too much */
  refused: number
  /** whole pictures left out because they would have come too late */
  droppedPictures: number
  /** how long what waits here takes at the present rate */
  waitMs: number
  /** bytes under way of which nothing has been heard */
  inFlight: number
  rttMs: number
  queueMs: number
  /** the part lost on the path at any rate */
  loss: number
  /** bits per second on the wire, headers and repetitions included */
  estimate: number
}
