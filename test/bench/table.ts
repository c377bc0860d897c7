/** One measured quantity: its name and a value in milliseconds per run. */
export type Series = { name: string; values: number[] }

const at = (sorted: number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN

/** Nearest-rank quantiles, so that each is a value that was measured. */
export function spread(values: number[]): { min: number; median: number; p90: number; max: number } {
  const sorted = values.toSorted((a, b) => a - b)
  return { min: sorted[0] ?? Number.NaN, median: at(sorted, 0.5), p90: at(sorted, 0.9), max: at(sorted, 1) }
}

/** @param whole what each median is a share of */
export function table(series: Series[], whole: Series): string {
  const total = spread(whole.values).median
  const rows = [...series, whole].map(({ name, values }) => {
    const { min, median, p90, max } = spread(values)
    const share = `${Math.round((100 * median) / total)} %`
    return [name, ...[min, median, p90, max].map(value => value.toFixed(1)), share]
  })
  const head = ['ms', 'min', 'median', 'p90', 'max', 'share of median']
  return columns([head, ...rows])
}

/** Lines of text, the first column to the left and the others to the right. */
export function columns(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map(row => row[column]?.length ?? 0)))
  return rows
    .map(row => row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))))
    .map(row => row.join('  ').trimEnd())
    .join('\n')
}
