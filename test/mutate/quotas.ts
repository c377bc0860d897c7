import { statSync } from 'node:fs'
import { join } from 'node:path'
import type { Group } from './groups.ts'

/** How a sample is shared among groups: by the size of their sources, each at least one, all together `sample`. */
export function quotas(tree: string, groups: readonly Group[], sample: number): number[] {
  const sizes = groups.map(({ sources }) =>
    sources.reduce((sum, file) => sum + statSync(join(tree, file)).size, 0),
  )
  const total = sizes.reduce((sum, size) => sum + size, 0)
  let left = sample
  return sizes.map((size, i) => {
    const last = i === sizes.length - 1
    const share = last ? left : Math.min(left, Math.max(1, Math.round((sample * size) / total)))
    left -= share
    return share
  })
}
