/** Rows of one table, its first row their heads, every cell to the right. */
export function columns(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map(row => row[column]?.length ?? 0)))
  return rows.map(row => row.map((cell, i) => cell.padStart(widths[i] ?? 0)).join('  ')).join('\n')
}
