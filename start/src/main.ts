import { networkInterfaces } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import type { Report } from '@ownsight/camera-agent/status'
import { startSignaling } from '@ownsight/signaling/server'
import { startAgent } from './agent-process.ts'
import { askRunning, openControl } from './control-socket.ts'
import { loadSettings } from './settings.ts'
import { StartError } from './start-error.ts'
import { buildViewer, viewerFolder } from './viewer-build.ts'

const HELP = `npm start: a signaling server, the viewer and one camera on this machine alone.

  npm start                                   a test pattern
  npm start -- --source rtsp://192.168.1.20/stream
  npm start -- --source clip.mp4 --name "Front door"

  --source SOURCE  rtsp://… , a video file, or test-pattern; remembered
  --name NAME      what the camera is called; remembered
  --data FOLDER    where keys, policy and accounts are kept (default data/)
  --help           this text

A source with a password is better given in OWNSIGHT_SOURCE: other users of this machine can read command lines.
`

const say = (line: string): void => void process.stdout.write(`${line}\n`)

function parseCommandLine() {
  const text = { type: 'string' } as const
  try {
    return parseArgs({ options: { source: text, name: text, data: text, help: { type: 'boolean' } } }).values
  } catch (error) {
    throw new StartError(`${(error as Error).message.split('. ')[0]}. See npm start -- --help.`)
  }
}

/** WebRTC gathers nothing on loopback, not even between two programs of one machine. */
function requireNetwork(): void {
  const addresses = Object.values(networkInterfaces()).flat()
  if (addresses.some(address => address && !address.internal && !address.address.startsWith('fe80:'))) return
  throw new StartError(
    'This machine has no network address but loopback, and browsers send pictures only over a real one, even to themselves. Connect it to a network (no Internet is needed), then start again.',
  )
}

async function main(): Promise<void> {
  const options = parseCommandLine()
  if (options.help) return void process.stdout.write(HELP)
  const data = resolve(options.data ?? join(import.meta.dirname, '..', '..', 'data'))
  const running = await askRunning(data)
  if (running) return say(`Ownsight is running already. Open:\n\n  ${running}\n`)
  requireNetwork()
  const source = options.source ?? process.env.OWNSIGHT_SOURCE
  const settings = await loadSettings(data, {
    ...(source === undefined ? {} : { source: isPath(source) ? resolve(source) : source }),
    ...(options.name === undefined ? {} : { name: options.name }),
  })
  await buildViewer(say)
  await runHome(data, settings)
}

const isPath = (source: string): boolean => source !== 'test-pattern' && !/^[a-z0-9+.-]+:\/\//i.test(source)

async function runHome(
  data: string,
  settings: { port: number; name: string; source: string },
): Promise<void> {
  const signaling = await startSignaling({
    listen: { host: '127.0.0.1', port: settings.port },
    data: join(data, 'signaling'),
    viewer: viewerFolder,
    logLevel: 'silent',
  })
  let code: string | undefined
  const link = async (): Promise<string> => {
    const token = await signaling.mintSignInToken()
    const [, secret, camId] = code?.split(':') ?? []
    const name = Buffer.from(settings.name).toString('base64url')
    return `${signaling.origin}/#${secret && camId ? `start=${secret}.${camId}.${token}.${name}` : `in=${token}`}`
  }
  const print = async (): Promise<void> => say(`\n  Open this in your browser:\n\n  ${await link()}\n`)
  const control = await openControl(data, link)

  const ready = Promise.withResolvers<void>()
  let printed = false
  const onReport = (report: Report): void => {
    if (report.event === 'pairing-code') code = report.code
    if (report.event === 'paired' || (report.event === 'online' && !report.note)) code = undefined
    if (report.event === 'pairing-code' || (report.event === 'online' && !report.note)) ready.resolve()
    const line = summary(report)
    if (line) say(line)
    // A code is good for ten minutes: its successor makes a new link.
    if (report.event === 'pairing-code' && printed) void print()
  }
  const agent = startAgent(data, { ...settings, server: signaling.origin }, onReport)

  const stopped = stopRequested()
  await Promise.race([ready.promise, stopped, agent.exited])
  await print()
  printed = true
  say(`  Press Enter for a new link, Ctrl-C to stop. Data is in ${data}`)
  const lines = createInterface({ input: process.stdin })
  lines.on('line', () => void print())

  const crashed = agent.exited.then(status => status)
  const status = await Promise.race([stopped, crashed])
  say('Stopping …')
  lines.close()
  await agent.stop()
  control.close()
  await signaling.close()
  if (typeof status === 'number' && status !== 0) process.exitCode = status
}

function stopRequested(): Promise<undefined> {
  return new Promise(resolve => {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => resolve(undefined))
  })
}

function summary(report: Report): string | undefined {
  switch (report.event) {
    case 'paired':
      return `${report.camera} is paired. The viewer shows the same four words: ${report.phrase}`
    case 'pairing-interrupted':
      return `${report.camera}: pairing interrupted. Stop with Ctrl-C and start again for a new link.`
    case 'source':
      return report.note ? `${report.camera}: source ${report.state}: ${report.note}` : undefined
    case 'offline':
      return `${report.camera}: ${report.note ?? 'offline'}`
    case 'watching':
      return `${report.camera}: ${report.viewers} watching`
    default:
      return undefined
  }
}

main().then(
  () => process.exit(),
  (error: unknown) => {
    const known =
      error instanceof StartError || (error instanceof Error && /Error$/.test(error.name) && 'field' in error)
    process.stderr.write(
      `${known ? (error as Error).message : `Ownsight stopped by a fault: ${String(error)}`}\n`,
    )
    process.exit(1)
  },
)
