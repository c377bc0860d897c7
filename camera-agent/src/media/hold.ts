/** Sooner than this is now, ms. */
const LEAST_MS = 2

/** Keeps what is taken, in order, until it is due. */
export function createHold<Item>(onDue: (item: Item) => void) {
  const held: { item: Item; due: number }[] = []
  let timer: NodeJS.Timeout | undefined

  const release = () => {
    timer = undefined
    for (let next = held[0]; next; next = held[0]) {
      const wait = next.due - performance.now()
      if (wait > LEAST_MS) {
        timer = setTimeout(release, wait)
        return
      }
      held.shift()
      onDue(next.item)
    }
  }
  return {
    /** @param due by performance.now; nothing leaves before what was taken before it */
    take(item: Item, due: number): void {
      held.push({ item, due })
      if (!timer) release()
    },
    /** What is held goes nowhere. */
    clear(): void {
      clearTimeout(timer)
      timer = undefined
      held.length = 0
    },
  }
}
