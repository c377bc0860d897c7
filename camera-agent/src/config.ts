import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { NAME_MAX_LENGTH } from '@ownsight/protocol/limits'
import * as v from 'valibot'
import { AgentError } from './agent-error.ts'
import { parseSource, type SourceConfig, SourceConfigError } from './media/source-config.ts'

export type CameraConfig = {
  name: string
  slug: string
  source: SourceConfig
  /** false: its sound is not read, and nobody hears it; default true */
  audio?: boolean
}
/**
 * Which addresses and ports media may use; empty means every address but loopback, any port. `relay: false` keeps media
 * off every relay: who cannot be reached directly is not reached.
 */
export type Network = { interfaceAddresses?: string[]; portRange?: [number, number]; relay?: boolean }
export type Config = { server: string; data: string; cameras: CameraConfig[]; network: Network }

const port = v.pipe(v.number(), v.integer(), v.minValue(1024), v.maxValue(65_535))
const file = v.strictObject({
  server: v.string(),
  data: v.optional(v.string()),
  cameras: v.pipe(
    v.array(
      v.strictObject({
        name: v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(NAME_MAX_LENGTH)),
        source: v.unknown(),
        audio: v.optional(v.boolean()),
      }),
    ),
    v.minLength(1, 'name at least one camera'),
    v.maxLength(16),
  ),
  network: v.optional(
    v.strictObject({
      interfaceAddresses: v.optional(v.array(v.pipe(v.string(), v.ip()))),
      portRange: v.optional(v.tuple([port, port])),
      relay: v.optional(v.boolean()),
    }),
  ),
})

export const defaultDataFolder = (): string =>
  join(process.env.XDG_STATE_HOME || join(homedir(), '.local', 'state'), 'ownsight-camera')

/** @throws AgentError naming every faulty setting by its path */
export function parseConfig(value: unknown): Config {
  const parsed = v.safeParse(file, value)
  if (!parsed.success) throw new AgentError('config', parsed.issues.map(describe).join('\n'))
  const { server, data, cameras, network } = parsed.output
  const slugs = cameras.map(camera => slugOf(camera.name))
  const twice = slugs.findIndex((slug, i) => slugs.indexOf(slug) !== i)
  if (twice >= 0)
    throw new AgentError('cameras', `cameras[${twice}].name: two cameras with one name; give each its own.`)
  return {
    server: parseServer(server),
    data: resolve(data ?? defaultDataFolder()),
    cameras: cameras.map((camera, i) => ({
      name: camera.name,
      slug: slugs[i] ?? '',
      source: sourceOf(camera.source, `cameras[${i}].source`),
      ...(camera.audio === undefined ? {} : { audio: camera.audio }),
    })),
    network: {
      ...(network?.interfaceAddresses ? { interfaceAddresses: network.interfaceAddresses } : {}),
      ...(network?.portRange ? { portRange: network.portRange } : {}),
      ...(network?.relay === undefined ? {} : { relay: network.relay }),
    },
  }
}

export function readConfigFile(path: string): unknown {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch {
    throw new AgentError('config', `cannot read ${path}`)
  }
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new AgentError('config', `${path} is not JSON: ${(error as Error).message.replace(/".*"/s, '…')}`)
  }
}

function describe(issue: v.BaseIssue<unknown>): string {
  const path = v.getDotPath(issue) ?? 'config'
  return issue.type === 'strict_object' && issue.expected === 'never'
    ? `${path}: unknown setting; remove it, or see --help.`
    : `${path}: ${issue.message}`
}

/** The folder of a camera: readable, safe, and telling different names apart. */
export function slugOf(name: string): string {
  const plain = name
    .normalize('NFKD')
    .replace(/[^A-Za-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
    .toLowerCase()
  return plain || `camera-${Buffer.from(name).toString('hex').slice(0, 32)}`
}

/** A source as an object, or in short as one string: `test-pattern`, a URL, the path of a file. */
function sourceOf(value: unknown, path: string): SourceConfig {
  try {
    return parseSource(typeof value === 'string' ? expand(value) : value, path)
  } catch (error) {
    if (error instanceof SourceConfigError) throw new AgentError(path, error.message)
    throw error
  }
}

function expand(source: string): unknown {
  if (source === 'test-pattern') return { kind: 'test-pattern' }
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(source)) return { kind: 'rtsp', url: source }
  if (source.startsWith('/dev/video')) return { kind: 'v4l2', device: source }
  return { kind: 'file', path: resolve(source) }
}

/** An origin. Plain http only on this machine itself: beyond it the signaling server refuses that too. */
function parseServer(value: string): string {
  let url: URL
  try {
    url = new URL(value)
  } catch {
    throw new AgentError(
      'server',
      `server: "${value}" is not an address; write it like https://cameras.example.org`,
    )
  }
  const loopback = ['127.0.0.1', '[::1]', 'localhost'].includes(url.hostname)
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && loopback))
    throw new AgentError('server', 'server: use https:// (http:// is for this machine itself only)')
  if (url.pathname !== '/' || url.search || url.hash || url.username || url.password)
    throw new AgentError('server', 'server: give the origin alone, without path, query or user')
  return url.origin
}
