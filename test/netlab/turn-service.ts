import { execFileSync } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Started, start } from '../support/processes.ts'
import type { TurnStage } from './turn-stage.ts'
import { RELAY } from './turn-stage.ts'

const ROOT = join(import.meta.dirname, '../../turn-config')
export const UNIT = join(ROOT, 'ownsight-turn.service')
const COMPOSE = join(ROOT, 'compose.yaml')
export const MAIN = join(ROOT, 'src/main.ts')

/** How the relay is run, as the files that an operator installs say it. */
export type Service = {
  readonly user: string
  readonly capabilities: readonly string[]
  /** empty, and this user's, at each start */
  readonly stateFolder: string
  /** as root, before it */
  readonly before: readonly string[]
  readonly command: readonly string[]
}

/** All values of a key of the unit. */
export const unitValues = (key: string): string[] =>
  [...readFileSync(UNIT, 'utf8').matchAll(new RegExp(`^${key}=(.*)$`, 'gm'))].map(([, value = '']) => value)

export const unitService = (): Service => ({
  user: unitValues('User')[0] ?? '',
  capabilities: unitValues('AmbientCapabilities'),
  stateFolder: `/run/${unitValues('RuntimeDirectory')[0]}`,
  before: unitValues('ExecStartPre').flatMap(line => line.replace(/^\+/, '').split(' ')),
  command: unitValues('ExecStart').flatMap(line => line.split(' ')),
})

/** The firewall is its host's affair. */
export function composeService(): Service {
  const text = readFileSync(COMPOSE, 'utf8')
  const value = (pattern: RegExp): string => pattern.exec(text)?.[1] ?? ''
  return {
    user: value(/^ {4}user: "(\d+):\d+"$/m),
    capabilities: [`CAP_${value(/^ {4}cap_add: \[(\w+)\]$/m)}`],
    stateFolder: value(/^ {4}tmpfs: \[([^:]+):/m),
    before: unitService().before,
    command: ['/usr/bin/turnserver', ...value(/^ {4}command: (.*)$/m).split(' ')],
  }
}

/** Files as the operator makes them: the words of docs/TURN.md, with this stage's addresses. */
export function makeFiles(stage: TurnStage, user: string): string {
  const folder = join(stage.folder, `etc-${user}`)
  mkdirSync(folder)
  cpSync(stage.ca.cert, join(folder, 'cert.pem'))
  cpSync(stage.ca.key, join(folder, 'key.pem'))
  const secret = join(folder, 'secret')
  const command = (...args: string[]): string =>
    execFileSync(process.execPath, ['--no-warnings', MAIN, ...args], { encoding: 'utf8' })
  command('rotate', '--secret-file', secret)
  const address = ['--external-ip', RELAY.ipv4, '--external-ip', RELAY.ipv6]
  const own = ['--realm', 'relay.example.org', ...address, '--secret-file', secret]
  const at = '/etc/ownsight-turn'
  const tls = ['--cert', `${at}/cert.pem`, '--key', `${at}/key.pem`]
  writeFileSync(join(folder, 'turnserver.conf'), command('render', ...own, ...tls))
  // nft knows users of this machine by their number too.
  const name = /^\d+$/.test(user) ? execFileSync('id', ['-nu', user], { encoding: 'utf8' }).trim() : user
  writeFileSync(join(folder, 'turn.nft'), command('render', '--firewall', '--user', name, ...own))
  chmodSync(folder, 0o700)
  return folder
}

export type Running = Started & {
  /** its calls into the kernel */
  readonly trace: string
}

/**
 * Runs it as its service does, as far as that goes without systemd or a container: its user, its capabilities and no more
 * to be had, its folders. Each call into the kernel is written down.
 */
export function runService(stage: TurnStage, service: Service, files: string): Running {
  const trace = join(stage.folder, `trace-${service.user}`)
  const layers = join(stage.folder, `layers-${service.user}`)
  const state = service.stateFolder
  const caps = [
    '-all',
    ...service.capabilities.map(each => `+${each.replace(/^CAP_/, '').toLowerCase()}`),
  ].join()
  const rights = ['inh-caps', 'ambient-caps', 'bounding-set'].map(each => `--${each}=${caps}`).join(' ')
  const script = `set -e
    mount -t tmpfs tmpfs /run
    mkdir ${layers} && mount -t tmpfs tmpfs ${layers} && mkdir ${layers}/upper ${layers}/work
    mount -t overlay overlay -o lowerdir=/etc,upperdir=${layers}/upper,workdir=${layers}/work /etc
    cp -r ${files} /etc/ownsight-turn
    mkdir ${state} && chmod 700 ${state}
    cd /etc/ownsight-turn && chmod 755 . && chown root *
    chown ${service.user} cert.pem key.pem turnserver.conf ${state} && chmod 600 key.pem turnserver.conf secret
    cd /
    ${service.before.join(' ')}
    exec strace -f -qq -o ${trace} setpriv --reuid=${service.user} --regid=$(id -g ${service.user}) \\
      --clear-groups --no-new-privs ${rights} ${service.command.join(' ')}`
  const [command = '', ...before] = stage.prefix()
  const coturn = start(command, [...before, 'sh', '-c', script], { cwd: '/' })
  return {
    ...coturn,
    trace,
    async stop() {
      // What strace is told it does not hand on: it would let go of coturn, which would live on.
      const file = `/proc/${coturn.pid}/task/${coturn.pid}/children`
      for (const pid of readFileSync(file, 'utf8').split(' ').filter(Boolean)) process.kill(Number(pid))
      await coturn.exited
    },
  }
}

export type Traced = {
  /** what it asked of the kernel and was given, and the families of its sockets */
  readonly calls: ReadonlySet<string>
  readonly families: ReadonlySet<string>
  /** files it opened to write, and memory that it wanted both to write and to run */
  readonly written: ReadonlySet<string>
  readonly writableCode: readonly string[]
}

/** From the moment it is coturn. */
export function readTrace(file: string): Traced {
  const text = readFileSync(file, 'utf8')
  const from = text.slice(text.indexOf('execve("/usr/bin/turnserver"'))
  const all = (pattern: RegExp): Set<string> =>
    new Set([...from.matchAll(pattern)].map(([, found = '']) => found))
  return {
    // coturn calls setgroups, has no right to it, and goes on: a filter that refuses it too changes nothing.
    calls: all(/^(?:\d+ +)?(?:<\.\.\. )?(\w+)(?:\(| resumed>)(?!.*(?: = -1 EPERM|<unfinished))/gm),
    families: all(/socket\((AF_\w+)/g),
    written: all(/open(?:at)?\([^"]*"([^"]+)", [^)]*(?:O_WRONLY|O_RDWR|O_CREAT)[^)]*\) = \d/g),
    writableCode: [...all(/(m(?:map|protect)\([^)]*PROT_WRITE\|PROT_EXEC[^)]*\))/g)],
  }
}

/** A filter of the unit as the names of what it lets through; `~` takes away. */
export function filterOf(lines: readonly string[]): Set<string> {
  const allowed = new Set<string>()
  for (const line of lines)
    for (const each of expand(line.replace(/^~/, '')))
      if (line.startsWith('~')) allowed.delete(each)
      else allowed.add(each)
  return allowed
}

function expand(name: string): string[] {
  if (!name.startsWith('@')) return [name]
  const text = execFileSync('systemd-analyze', ['syscall-filter', name], { encoding: 'utf8' })
  const [, ...names] = text.split('\n').map(line => line.trim())
  return names.filter(each => each !== '' && !each.startsWith('#')).flatMap(expand)
}
