import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { missing, type Requirement } from './requirements.ts'

/** `npm run setup`: installs what the tests drive on Debian and Ubuntu; elsewhere it names what to install. */

const say = (line: string): void => void process.stdout.write(`${line}\n`)
const list = (wanted: readonly Requirement[]): string =>
  wanted.map(({ package: name, what }) => `  ${name}: ${what}`).join('\n')

const LOCK_WAIT_MS = 300_000

class Hindrance extends Error {}

async function setUp(): Promise<void> {
  const wanted = missing()
  if (wanted.length === 0) return
  const system = distribution()
  if (system === undefined)
    throw new Hindrance(
      `The tests drive programs that npm does not bring. Install, by the names of your system:\n${list(wanted)}`,
    )
  const snaps = system === 'ubuntu' ? wanted.filter(each => each.snapOnUbuntu) : []
  const packages = wanted.filter(each => !snaps.includes(each))
  const needed = packages.filter(each => !each.benchOnly)
  const extra = packages.filter(each => each.benchOnly)
  if (needed.length > 0) await install(needed)
  // Not every release has them, and no test needs them.
  if (extra.length > 0)
    await install(extra).catch(error =>
      say(`${(error as Error).message}\nThe benches will go without:\n${list(extra)}`),
    )
  const left = missing().filter(each => !each.benchOnly)
  if (left.length > 0) throw new Hindrance(remedy(left, snaps))
}

function remedy(left: readonly Requirement[], snaps: readonly Requirement[]): string {
  if (snaps.length === 0) return `Installed, and still not found:\n${list(left)}`
  return [
    `Still missing:\n${list(left)}`,
    'Ubuntu ships Chromium and Firefox as snaps only, which the tests cannot drive. Install Debian packages of them',
    '(firefox-esr is in ppa:mozillateam/ppa) as /usr/bin/chromium and /usr/bin/firefox-esr, or use Debian.',
  ].join('\n')
}

function distribution(): 'debian' | 'ubuntu' | undefined {
  if (!existsSync('/usr/bin/apt-get') || !existsSync('/etc/os-release')) return undefined
  const text = readFileSync('/etc/os-release', 'utf8')
  if (/^ID(_LIKE)?=.*\bubuntu\b/m.test(text)) return 'ubuntu'
  return /^ID(_LIKE)?=.*\bdebian\b/m.test(text) ? 'debian' : undefined
}

async function install(packages: readonly Requirement[]): Promise<void> {
  const asRoot = process.getuid?.() === 0 ? [] : ['sudo', ...(process.stdin.isTTY ? [] : ['-n'])]
  if (
    asRoot.length > 0 &&
    spawnSync(asRoot[0] ?? '', [...asRoot.slice(1), 'true'], { stdio: 'inherit' }).status !== 0
  )
    throw new Hindrance(
      `Run npm run setup as root, or where sudo works without a question. It would install:\n${list(packages)}`,
    )
  say(`To install:\n${list(packages)}`)
  say('[1/2] reading the package lists …')
  await apt(asRoot, 'update')
  say('[2/2] installing (a few minutes the first time) …')
  await apt(asRoot, 'install', '--no-install-recommends', ...packages.map(each => each.package))
}

/** Waits for another apt: the option covers the lock of dpkg, not that of the package lists. */
async function apt(asRoot: readonly string[], ...args: string[]): Promise<void> {
  const options = ['-o', `DPkg::Lock::Timeout=${LOCK_WAIT_MS / 1000}`, '-o', 'Acquire::Retries=3', '-q', '-y']
  const command = [
    ...asRoot,
    'env',
    'DEBIAN_FRONTEND=noninteractive',
    'LC_ALL=C',
    'apt-get',
    ...options,
    ...args,
  ]
  for (const end = performance.now() + LOCK_WAIT_MS; ; await sleep(3000)) {
    const { status, stdout, stderr } = spawnSync(command[0] ?? '', command.slice(1), {
      stdio: ['ignore', 'pipe', 'pipe'],
      encoding: 'utf8',
      maxBuffer: 2 ** 26,
    })
    if (status === 0) return
    const locked = /Could not get lock|Unable to lock/.test(stderr ?? '')
    if (locked && performance.now() < end) continue
    throw new Hindrance(`${stdout ?? ''}${stderr ?? ''}\napt-get ${args[0]} failed; its words are above.`)
  }
}

try {
  await setUp()
  say('Everything the tests drive is installed.')
} catch (error) {
  if (!(error instanceof Hindrance)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
}
