/** Items in the order of their time; those of the same time in the order they came. */
export type Heap<T> = {
  readonly size: number
  /** the earliest time, Infinity when empty */
  next(): number
  push(time: number, item: T): void
  /** The earliest item; undefined when empty. */
  pop(): T | undefined
}

type Node<T> = { time: number; order: number; item: T }

export function createHeap<T>(): Heap<T> {
  const nodes: Node<T>[] = []
  let pushed = 0
  const before = (i: number, j: number): boolean => {
    const [a, b] = [nodes[i]!, nodes[j]!]
    return a.time < b.time || (a.time === b.time && a.order < b.order)
  }
  const swap = (i: number, j: number): void => {
    ;[nodes[i], nodes[j]] = [nodes[j]!, nodes[i]!]
  }
  const up = (start: number): void => {
    for (let i = start; i > 0; ) {
      const parent = (i - 1) >> 1
      if (!before(i, parent)) return
      swap(i, parent)
      i = parent
    }
  }
  const down = (): void => {
    for (let i = 0; ; ) {
      const [left, right] = [2 * i + 1, 2 * i + 2]
      let first = i
      if (left < nodes.length && before(left, first)) first = left
      if (right < nodes.length && before(right, first)) first = right
      if (first === i) return
      swap(i, first)
      i = first
    }
  }
  return {
    get size() {
      return nodes.length
    },
    next: () => nodes[0]?.time ?? Number.POSITIVE_INFINITY,
    push(time, item) {
      nodes.push({ time, order: pushed++, item })
      up(nodes.length - 1)
    },
    pop() {
      const top = nodes[0]
      const last = nodes.pop()
      if (nodes.length > 0 && last) {
        nodes[0] = last
        down()
      }
      return top?.item
    },
  }
}
