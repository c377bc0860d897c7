/**
 * How the C library keeps memory that was given back to it. glibc opens an arena for each thread and remembers the 19
 * MiB of every password hash in it: sixty sign-ins leave a hundred megabytes that nobody uses. Two arenas, and large
 * blocks straight from and to the system, leave a few. It reads this once, when the process starts.
 */
const MALLOC = {
  MALLOC_ARENA_MAX: '2',
  MALLOC_MMAP_THRESHOLD_: String(1024 * 1024),
  MALLOC_TRIM_THRESHOLD_: String(128 * 1024),
}
/** MiB. The young generation grows to three times this under load, and does not shrink afterwards. */
const SEMI_SPACE = '--max-semi-space-size=4'

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
  const isSet = `${env.NODE_OPTIONS ?? ''} ${nodeArgs.join(' ')}`.includes('semi-space-size')
  return { args: [...(isSet ? [] : [SEMI_SPACE]), ...nodeArgs, ...args], env: { ...env, ...MALLOC } }
}
