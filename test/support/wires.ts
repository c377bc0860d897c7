import type { Wire } from '@ownsight/camera-agent/rtc/loopback'

/** What paths do to datagrams. `next` is where their chance comes from: numbers in [0, 1). */

export const lossy =
  (share: number, next: () => number): Wire =>
  data =>
    next() < share ? [] : [{ data, ms: 1 }]

export const reordering =
  (share: number, next: () => number): Wire =>
  data => [{ data, ms: next() < share ? 20 : 1 }]

/** One after the other. */
export const chain =
  (...wires: readonly Wire[]): Wire =>
  (data, to) =>
    wires.reduce(
      (parts, wire) =>
        parts.flatMap(part =>
          wire(part.data, to).map(each => ({ data: each.data, ms: (part.ms ?? 0) + (each.ms ?? 0) })),
        ),
      [{ data, ms: 0 }],
    )
