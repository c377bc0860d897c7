import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { resolve } from 'node:path'
import { relayGrant } from '@ownsight/protocol/relay-grant'
import { parseSecrets } from '@ownsight/turn-config/secret-file'
import * as v from 'valibot'
import { SignalingError } from './signaling-error.ts'

/** days */
export const RETENTION_DAYS = 90

const port = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(65_535))
const originText = v.pipe(v.string(), v.check(isOrigin, 'give an origin such as https://cameras.example.org'))

function isOrigin(value: string): boolean {
  return URL.canParse(value) && /^https?:$/.test(new URL(value).protocol) && new URL(value).origin === value
}

const isRelayUrl = (value: string): boolean => v.is(relayGrant.entries.urls, [value])

const schema = v.strictObject({
  listen: v.optional(
    v.strictObject({
      host: v.optional(v.pipe(v.string(), v.ip()), '127.0.0.1'),
      port: v.optional(port, 8480),
    }),
    {},
  ),
  /** where the database is kept */
  data: v.pipe(v.string(), v.minLength(1, 'name a folder')),
  /** folder of the built viewer; none serves no pages */
  viewer: v.optional(v.string()),
  /** PEM files */
  tls: v.optional(v.strictObject({ cert: v.string(), key: v.string() })),
  /** the origin browsers use, where it is not the address listened on */
  origin: v.optional(originText),
  /** the public origin of a reverse proxy in front, which ends TLS */
  behindProxy: v.optional(originText),
  /** loopback port of /metrics, /healthz, /readyz; none serves none, 0 takes a free one */
  healthPort: v.optional(port),
  /** how long the log of routed messages and the cameras' signed heads are kept */
  retentionDays: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(400)), RETENTION_DAYS),
  /** relays to lend to devices, and the file with the secret that the relay knows too */
  turn: v.optional(
    v.strictObject({
      urls: v.pipe(
        v.array(
          v.pipe(v.string(), v.check(isRelayUrl, 'give addresses such as turn:relay.example.org:3478')),
        ),
        v.minLength(1, 'name at least one address of the relay'),
        v.maxLength(8, 'name at most eight addresses'),
      ),
      secretFile: v.pipe(v.string(), v.minLength(1, 'name the file with the secret')),
    }),
  ),
  logLevel: v.optional(v.picklist(['silent', 'info', 'debug']), 'info'),
})

export type ConfigInput = v.InferInput<typeof schema>
export type Config = v.InferOutput<typeof schema> & {
  tlsFiles: { cert: Buffer; key: Buffer } | undefined
  secure: boolean
}

const NOT_SECURE = `Browsers keep keys and open cameras only for secure pages, so a server that others reach needs TLS. Three ways:
  1. your own domain: a reverse proxy with a certificate in front, and --behind-proxy https://cameras.example.org
  2. an overlay VPN that gives its members names and certificates: --cert and --key with what it issues
  3. a private CA installed on your own phones: --cert and --key (commands in docs/OPERATIONS.md)`

type Fault = { path: string; message: string }

/** @throws SignalingError naming every faulty setting by its path, all of them at once */
export function parseConfig(value: unknown): Config {
  const parsed = v.safeParse(schema, value)
  if (!parsed.success) throw faulty(parsed.issues.map(describe))
  const config = parsed.output
  const faults = contradictions(config)
  const read = (path: 'cert' | 'key') => {
    const file = config.tls?.[path]
    if (file === undefined) return undefined
    const pem = readPem(file)
    if (!pem) faults.push({ path: `tls.${path}`, message: `cannot read ${file || '(no file given)'}` })
    return pem
  }
  const [cert, key] = [read('cert'), read('key')]
  if (config.turn) faults.push(...secretFaults(config.turn.secretFile))
  if (faults.length > 0) throw faulty(faults)
  return {
    ...config,
    data: resolve(config.data),
    tlsFiles: cert && key ? { cert, key } : undefined,
    secure: config.tls !== undefined || config.behindProxy !== undefined,
  }
}

const faulty = (faults: Fault[]): SignalingError =>
  new SignalingError(
    faults[0]?.path ?? 'config',
    faults.map(({ path, message }) => `${path}: ${message}`).join('\n'),
  )

/** What is right by itself and wrong together. */
function contradictions(config: v.InferOutput<typeof schema>): Fault[] {
  const { listen, tls, origin, behindProxy } = config
  const faults: Fault[] = []
  const wrong = (path: string, message: string) => void faults.push({ path, message })
  if (!isLoopback(listen.host) && !tls && !behindProxy)
    wrong('listen.host', `refusing to listen on ${listen.host} without TLS.\n${NOT_SECURE}`)
  if (behindProxy && !behindProxy.startsWith('https://'))
    wrong('behindProxy', `give the https origin of the proxy.\n${NOT_SECURE}`)
  if (behindProxy && origin) wrong('origin', 'remove it: behindProxy says it already')
  if (tls && origin && !origin.startsWith('https://'))
    wrong('origin', 'with a certificate the origin begins with https://')
  if (!tls && !behindProxy && origin && !isLoopback(new URL(origin).hostname))
    wrong('origin', `plain http is for this machine itself only.\n${NOT_SECURE}`)
  if (!tls && !behindProxy && origin?.startsWith('https://'))
    wrong('origin', 'without a certificate the origin begins with http://')
  if (isEveryAddress(listen.host) && !origin && !behindProxy)
    wrong('origin', `name the address that browsers type, since ${listen.host} is every address`)
  return faults
}

/** Whether there is a secret to read, before anybody needs it. */
function secretFaults(file: string): Fault[] {
  try {
    parseSecrets(readFileSync(file, 'utf8'))
    return []
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ? `cannot read ${file}` : (error as Error).message
    return [{ path: 'turn.secretFile', message: why }]
  }
}

const isEveryAddress = (host: string): boolean => host === '0.0.0.0' || host === '::'

export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '')
  return bare === '::1' || bare === 'localhost' || (isIP(bare) === 4 && bare.startsWith('127.'))
}

function readPem(path: string): Buffer | undefined {
  try {
    return readFileSync(path)
  } catch {
    return undefined
  }
}

function describe(issue: v.BaseIssue<unknown>): Fault {
  const path = v.getDotPath(issue) ?? 'config'
  const unknown = issue.type === 'strict_object' && issue.expected === 'never'
  return { path, message: unknown ? 'unknown setting; remove it, or see --help' : issue.message }
}

/** The one origin this server answers for, known once it listens. */
export function originOf(config: Config, boundPort: number): string {
  const explicit = config.behindProxy ?? config.origin
  if (explicit) return new URL(explicit).origin
  const { host } = config.listen
  const scheme = config.tls ? 'https' : 'http'
  return new URL(`${scheme}://${isIP(host) === 6 ? `[${host}]` : host}:${boundPort}`).origin
}
