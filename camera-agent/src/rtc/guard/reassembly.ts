import type { Fragment } from './records.ts'

/** Collects the fragments of one message; type and length are fixed by the first one. */
export type Reassembly = { add(fragment: Fragment): Buffer | undefined; readonly type: number }

export function reassembly(first: Fragment): Reassembly {
  const message = Buffer.alloc(first.length)
  const have = new Uint8Array(first.length)
  let missing = first.length
  return {
    type: first.type,
    add(fragment) {
      if (fragment.type !== first.type || fragment.length !== first.length) return undefined
      for (let i = 0; i < fragment.data.length; i++) {
        const at = fragment.offset + i
        if (have[at]) continue
        have[at] = 1
        missing--
        message[at] = fragment.data[i] ?? 0
      }
      return missing === 0 ? message : undefined
    },
  }
}
