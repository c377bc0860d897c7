const DEPTH_MS = 400

/** A part of the rate, for what is sent besides pictures: saved for a short while, and then gone. */
export function createAllowance(part: number) {
  let bytes = 0
  let at: number | undefined
  return {
    /** Whether so much more may be sent now; it then counts as sent. */
    take(now: number, size: number, bps: number): boolean {
      const depth = (bps * part * DEPTH_MS) / 8000
      bytes = Math.min(depth, at === undefined ? depth : bytes + (bps * part * (now - at)) / 8000)
      at = now
      // One packet is always saved for, however low the rate.
      if (bytes < Math.min(size, depth)) return false
      bytes -= size
      return true
    },
  }
}
