/** Opus comes in packets of 2.5 ms at the least (RFC 6716 §2.1.4), and no camera makes them so short. */
const PER_SECOND = 200

/**
 * True for a packet of sound that may go on: sound is not paced as pictures are, and a process that a hostile stream has
 * taken over is not to flood those who listen. @param now ms
 */
export function createSoundLimit(now: () => number = () => performance.now()): () => boolean {
  let room = PER_SECOND
  let filledAt = now()
  return () => {
    const at = now()
    room = Math.min(PER_SECOND, room + ((at - filledAt) * PER_SECOND) / 1000)
    filledAt = at
    if (room < 1) return false
    room--
    return true
  }
}
