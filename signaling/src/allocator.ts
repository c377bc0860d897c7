/**
 * How the C library keeps memory that was given back to it. glibc opens an arena for each thread and remembers the 19
 * MiB of every password hash in it: sixty sign-ins leave a hundred megabytes that nobody uses. Of the 64 KiB into which
 * each socket is read it keeps what was in use at the worst moment. Two arenas, and blocks of that size and more straight
 * from and to the system, leave a few. It reads this once, when the process starts.
 */
const MALLOC = {
  MALLOC_ARENA_MAX: '2',
  MALLOC_MMAP_THRESHOLD_: String(60 * 1024),
  MALLOC_TRIM_THRESHOLD_: String(128 * 1024),
}
/**
 * The young generation grows to three times this (MiB) under load and does not shrink afterwards; of the old one, V8
 * would let garbage grow to several times what is in use before it looks.
 */
const HEAP = ['--max-semi-space-size=4', '--heap-growing-percent=50'] as const

export type Program = {
  readonly args: readonly string[]
  readonly env: { readonly [name: string]: string | undefined }
}

/**
 * The same program, to be started again in this process's place with those settings; undefined where they are made
 * already, by itself or by the operator.
 */
export function frugally(
  platform: string,
  nodeArgs: readonly string[],
  { args, env }: Program,
): Program | undefined {
  if (platform !== 'linux' || Object.keys(env).some(name => name.startsWith('MALLOC_'))) return undefined
  const given = `${env.NODE_OPTIONS ?? ''} ${nodeArgs.join(' ')}`
  const heap = HEAP.filter(each => !given.includes(each.split('=')[0] ?? each))
  return { args: [...heap, ...nodeArgs, ...args], env: { ...env, ...MALLOC } }
}
