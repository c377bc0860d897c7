/** The value below which this share of `values` lies; 0 of none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? 0
}

export const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`
