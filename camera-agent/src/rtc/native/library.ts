type Definitions = import('node:ffi').FunctionDefinitions
type Functions<T extends Definitions> = import('node:ffi').DynamicLibraryResult<T>['functions']

/** Memory that C functions are given: taken once, at one address for ever. Who keeps a part of it copies it. */
export type Arena = {
  readonly bytes: Buffer
  /** the address of a byte of it */
  at(offset: number): bigint
}
export type Native<T extends Definitions> = { readonly functions: Functions<T>; readonly arena: Arena }

/** Set to `plain`, everything is sent by Node's own functions. */
const SWITCH = 'OWNSIGHT_SEND'
const BITS_64: readonly string[] = ['x64', 'arm64']
/** Less shares its memory with other buffers. */
const ARENA_LEAST = 64 * 1024

/**
 * C functions that this process has in it already, OpenSSL's and the system's, called without Node's own objects around
 * them. All arguments are declared as pointers, for which alone V8 calls straight into C; numbers go as BigInt too.
 * @returns undefined where this Node, its permissions or the machine do not have them: then nothing is faster, and nothing else changes
 */
export function openNative<const T extends Definitions>(
  definitions: T,
  arenaBytes: number,
): Native<T> | undefined {
  if (process.env[SWITCH] === 'plain' || !BITS_64.includes(process.arch)) return undefined
  try {
    const ffi = withoutWarning(() => process.getBuiltinModule('node:ffi'))
    if (!ffi) return undefined
    const { functions } = ffi.dlopen(null, definitions)
    const bytes = Buffer.alloc(Math.max(arenaBytes, ARENA_LEAST))
    const base = ffi.getRawPointer(bytes)
    return { functions, arena: { bytes, at: offset => base + BigInt(offset) } }
  } catch {
    return undefined
  }
}

/** Node says at the first use that this interface may change; the lock file pins Node. */
function withoutWarning<T>(load: () => T): T {
  const { emitWarning } = process
  process.emitWarning = () => undefined
  try {
    return load()
  } finally {
    process.emitWarning = emitWarning
  }
}

const counted: bigint[] = []

/** Small whole numbers as BigInt, each made once. @param value 0 to 4095 */
export function big(value: number): bigint {
  const known = counted[value]
  if (known === undefined) throw new RangeError('a length or a file that is not between 0 and 4095')
  return known
}
for (let value = 0; value < 4096; value++) counted.push(BigInt(value))
