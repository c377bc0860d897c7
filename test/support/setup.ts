import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { missing } from './requirements.ts'

/** `npm run setup`: installs what the tests drive on Debian and Ubuntu; elsewhere it names what to install. */

const say = (line: string): void => void process.stdout.write(`${line}\n`)

function fail(line: string): never {
  process.stderr.write(`${line}\n`)
  process.exit(1)
}

function apt(...args: string[]): number {
  const root = process.getuid?.() === 0
  const options = ['-o', 'DPkg::Lock::Timeout=300', '-o', 'Acquire::Retries=3', '-qq', '-y']
  const command = [
    ...(root ? [] : ['sudo', '-n']),
    'env',
    'DEBIAN_FRONTEND=noninteractive',
    'apt-get',
    ...options,
    ...args,
  ]
  const { status, stderr, stdout } = spawnSync(command[0] ?? '', command.slice(1), {
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  })
  if (status !== 0) process.stderr.write(`${stdout ?? ''}${stderr ?? ''}`)
  return status ?? 1
}

const wanted = missing()
if (wanted.length === 0) {
  say('Everything the tests drive is installed.')
  process.exit(0)
}
const list = wanted.map(({ package: name, what }) => `  ${name}: ${what}`).join('\n')
const system = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : ''
if (!/^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(system))
  fail(`The tests drive programs that npm does not bring. Install, by the names of your system:\n${list}`)

say(`Installing ${wanted.length} packages:\n${list}`)
say('[1/3] package lists …')
if (apt('update') !== 0) fail('apt-get update failed; its words are above.')
say('[2/3] packages (a few minutes the first time) …')
if (apt('install', '--no-install-recommends', ...wanted.map(requirement => requirement.package)) !== 0)
  fail(
    'apt-get install failed; its words are above. As another user than root, setup needs sudo without a password.',
  )
say('[3/3] checking …')
const left = missing()
if (left.length > 0)
  fail(
    `Installed, and still not found: ${left.map(requirement => requirement.package).join(', ')}. Ubuntu ships its browsers as snaps, which the tests cannot drive: install Debian packages of them.`,
  )
say('Everything the tests drive is installed.')
