import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { resolve } from 'node:path'
import * as v from 'valibot'
import { SignalingError } from './signaling-error.ts'

const port = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(65_535))
const originText = v.pipe(
  v.string(),
  v.regex(/^https?:\/\/[^/?#@\s]+$/, 'give an origin such as https://cameras.example.org'),
)

const schema = v.strictObject({
  listen: v.optional(
    v.strictObject({
      host: v.optional(v.pipe(v.string(), v.ip()), '127.0.0.1'),
      port: v.optional(port, 8480),
    }),
    {},
  ),
  /** where the database is kept */
  data: v.string(),
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

/** @throws SignalingError naming every faulty setting by its path */
export function parseConfig(value: unknown): Config {
  const parsed = v.safeParse(schema, value)
  if (!parsed.success) throw new SignalingError('config', parsed.issues.map(describe).join('\n'))
  const config = parsed.output
  const loopback = isLoopback(config.listen.host)
  if (!loopback && !config.tls && !config.behindProxy)
    throw new SignalingError(
      'listen.host',
      `Refusing to listen on ${config.listen.host} without TLS.\n${NOT_SECURE}`,
    )
  if (config.behindProxy && !config.behindProxy.startsWith('https://'))
    throw new SignalingError(
      'behindProxy',
      `--behind-proxy takes the https origin of the proxy.\n${NOT_SECURE}`,
    )
  if (config.tls && config.origin && !config.origin.startsWith('https://'))
    throw new SignalingError('origin', 'origin: with a certificate the origin begins with https://')
  if (!config.tls && config.origin && !isLoopback(new URL(config.origin).hostname))
    throw new SignalingError('origin', `origin: plain http is for this machine itself only.\n${NOT_SECURE}`)
  return {
    ...config,
    data: resolve(config.data),
    tlsFiles: config.tls && {
      cert: readPem(config.tls.cert, 'tls.cert'),
      key: readPem(config.tls.key, 'tls.key'),
    },
    secure: config.tls !== undefined || config.behindProxy !== undefined,
  }
}

export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '')
  return bare === '::1' || bare === 'localhost' || (isIP(bare) === 4 && bare.startsWith('127.'))
}

function readPem(path: string, field: string): Buffer {
  try {
    return readFileSync(path)
  } catch {
    throw new SignalingError(field, `${field}: cannot read ${path || '(no file given)'}`)
  }
}

function describe(issue: v.BaseIssue<unknown>): string {
  const path = v.getDotPath(issue) ?? 'config'
  return issue.type === 'strict_object' && issue.expected === 'never'
    ? `${path}: unknown setting; remove it, or see --help.`
    : `${path}: ${issue.message}`
}

/** The one origin this server answers for, known once it listens. */
export function originOf(config: Config, boundPort: number): string {
  const explicit = config.behindProxy ?? config.origin
  if (explicit) return new URL(explicit).origin
  const { host } = config.listen
  const scheme = config.tls ? 'https' : 'http'
  return new URL(`${scheme}://${isIP(host) === 6 ? `[${host}]` : host}:${boundPort}`).origin
}
