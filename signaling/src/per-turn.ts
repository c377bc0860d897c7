/**
 * Lets so many through in one turn of the event loop; the others wait for the next ones, in order. Who sends two
 * thousand requests at once then waits for himself: between turns every socket is heard.
 */
export function perTurn(most: number): () => Promise<void> | undefined {
  const waiting: (() => void)[] = []
  let left = most
  let asleep = true
  const next = (): void => {
    asleep = waiting.length === 0
    left = most - Math.min(most, waiting.length)
    for (const go of waiting.splice(0, most)) go()
    if (!asleep) setImmediate(next)
  }
  return () => {
    if (asleep) setImmediate(next)
    asleep = false
    if (left === 0) return new Promise(resolve => waiting.push(resolve))
    left--
    return undefined
  }
}
