/** How the numbers of a command choose: they wrap, so each means something in every world. */
export const newest = <T>(list: readonly T[], n: number): T | undefined =>
  list.at(-1 - (n % Math.max(1, list.length)))
export const at = <T>(list: readonly T[], n: number): T | undefined => list[n % Math.max(1, list.length)]
