import { setTimeout as sleep } from 'node:timers/promises'

type Truthy<T> = Exclude<T, false | 0 | '' | null | undefined>

/**
 * Asks `condition` again and again until it gives something truthy, and returns that.
 * @param options.timeout milliseconds after which it gives up
 * @param options.what what was awaited, for the error
 */
export async function until<T>(
  condition: () => T | Promise<T>,
  options: { timeout: number; what: string; every?: number },
): Promise<Truthy<T>> {
  const end = performance.now() + options.timeout
  for (;;) {
    const value = await condition()
    if (value) return value as Truthy<T>
    if (performance.now() > end)
      throw new Error(`waited ${options.timeout / 1000} s for ${options.what}, in vain`)
    await sleep(options.every ?? 25)
  }
}
