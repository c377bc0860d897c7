import type { Clock } from '@ownsight/camera-agent/rtc/send/clock'

type Due = { at: number; order: number; work: () => void }

/** A clock that stands still until it is told to run. */
export function virtualClock(): Clock & { runTo(at: number): void } {
  let time = 0
  let order = 0
  const heap: Due[] = []
  const before = (a: Due, b: Due): boolean => a.at < b.at || (a.at === b.at && a.order < b.order)
  const get = (i: number): Due => heap[i] as Due
  const swap = (i: number, j: number): void => {
    const kept = get(i)
    heap[i] = get(j)
    heap[j] = kept
  }
  function push(due: Due): void {
    heap.push(due)
    for (let i = heap.length - 1; i > 0; ) {
      const parent = (i - 1) >> 1
      if (!before(get(i), get(parent))) break
      swap(i, parent)
      i = parent
    }
  }
  function pop(): Due {
    const top = get(0)
    const last = heap.pop() as Due
    if (heap.length === 0) return top
    heap[0] = last
    for (let i = 0; ; ) {
      let least = i
      for (const child of [2 * i + 1, 2 * i + 2])
        if (child < heap.length && before(get(child), get(least))) least = child
      if (least === i) return top
      swap(i, least)
      i = least
    }
  }
  return {
    now: () => time,
    after(ms, work) {
      const due = { at: time + Math.max(0, ms), order: order++, work }
      push(due)
      return () => {
        due.work = () => undefined
      }
    },
    runTo(at) {
      while (heap[0] && heap[0].at <= at) {
        const due = pop()
        time = due.at
        due.work()
      }
      time = at
    },
  }
}
