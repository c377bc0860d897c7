import { fork } from 'node:child_process'
import { readdirSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { confinedOptions } from './confined-fork.ts'
import { type Hardware, isHardware } from './hardware-names.ts'

const PROBE = fileURLToPath(new URL('./hardware-probe.ts', import.meta.url))
const PROBE_MS = 10_000
/** Device files by which a machine shows that it may have an encoder. */
const PLACES: [folder: string, name: RegExp][] = [
  ['/dev', /^(nvidia\d+|nvidiactl|video1\d)$/],
  ['/dev/dri', /^renderD\d+$/],
]

/** What a process may use to encode, and the groups that may open it. */
export type HardwareChoice = { name: Hardware; groups: readonly number[] }

/**
 * The encoder in hardware of this machine, found once by trying, in a process of its own. One that crashed a source is not
 * used again until the agent starts anew: software encoding is slower and always works.
 */
export function createHardware(places = PLACES, probe = tryOut) {
  let found: HardwareChoice | undefined
  let looking: Promise<void> | undefined
  let avoided = false
  const find = async () => {
    found = await look(places, probe)
  }
  return {
    /** What is known now; the first call begins to look, and nobody waits for it. */
    now: (): HardwareChoice | undefined => {
      looking ??= find()
      return avoided ? undefined : found
    },
    /** Resolves when it has been looked. */
    looked: async () => looking,
    avoid: () => {
      avoided = true
    },
  }
}

async function look(places: typeof PLACES, probe: typeof tryOut): Promise<HardwareChoice | undefined> {
  const groups = devicesIn(places)
  if (!groups) return undefined
  const name = await probe(groups)
  return name && { name, groups }
}

/** The groups of the devices, root's not among them; undefined where there is no device. */
function devicesIn(places: typeof PLACES): number[] | undefined {
  const paths = places.flatMap(([folder, name]) =>
    namesIn(folder)
      .filter(each => name.test(each))
      .map(each => `${folder}/${each}`),
  )
  if (paths.length === 0) return undefined
  return [...new Set(paths.map(path => statSync(path).gid))].filter(gid => gid !== 0)
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function tryOut(groups: readonly number[]): Promise<Hardware | undefined> {
  return new Promise(resolve => {
    let found: Hardware | undefined
    const child = fork(PROBE, groups.map(String), {
      ...confinedOptions(),
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    })
    const timer = setTimeout(() => child.kill('SIGKILL'), PROBE_MS)
    child.on('message', message => {
      const name = (message as { name?: unknown }).name
      if (isHardware(name)) found = name
    })
    child.once('error', () => resolve(undefined))
    child.once('close', () => {
      clearTimeout(timer)
      resolve(found)
    })
  })
}
