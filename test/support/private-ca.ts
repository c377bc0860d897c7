import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The way with a private authority, word for word as docs/OPERATIONS.md tells it. */
export type PrivateCa = {
  readonly folder: string
  /** the authority's certificate, for NODE_EXTRA_CA_CERTS */
  readonly ca: string
  readonly cert: string
  readonly key: string
  /** arguments of the `npx ownsight-signaling` line, files with their whole path */
  readonly args: string[]
}

const guide = join(import.meta.dirname, '..', '..', 'docs', 'OPERATIONS.md')

/** Runs the guide's openssl commands in `folder`. */
export function createPrivateCa(folder: string): PrivateCa {
  const chapter = readFileSync(guide, 'utf8').split('**3. A certificate authority of your own.**')[1] ?? ''
  const commands = /```\n(.*?)```/s.exec(chapter)?.[1] ?? ''
  const [openssl = '', server = ''] = commands.split('npx ownsight-signaling ')
  execFileSync('bash', ['-e', '-c', openssl], { cwd: folder, stdio: 'pipe' })
  const at = (name: string): string => join(folder, name)
  const args = server.replaceAll('\\\n', ' ').trim().split(/\s+/)
  return {
    folder,
    ca: at('ca.pem'),
    cert: at('server.pem'),
    key: at('server.key'),
    args: args.map(arg => (/\.(pem|key)$/.test(arg) ? at(arg) : arg)),
  }
}

/** Makes a home folder whose Chromium trusts the authority, by the guide's command. */
export function trustInChromium(ca: PrivateCa, home: string): void {
  const command = /`(certutil .*? -i ca\.pem)`/s.exec(readFileSync(guide, 'utf8'))?.[1] ?? 'false'
  const options = { cwd: ca.folder, env: { ...process.env, HOME: home }, stdio: 'pipe' } as const
  mkdirSync(join(home, '.pki', 'nssdb'), { recursive: true })
  execFileSync('certutil', ['-d', `sql:${home}/.pki/nssdb`, '-N', '--empty-password'], options)
  execFileSync('bash', ['-e', '-c', command], options)
}
