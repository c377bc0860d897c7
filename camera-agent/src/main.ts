#!/usr/bin/env node
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import QRCode from 'qrcode'
import { runAgent } from './agent.ts'
import { AgentError } from './agent-error.ts'
import { type Config, defaultDataFolder, parseConfig, readConfigFile } from './config.ts'
import { resetCameras } from './reset.ts'
import { jsonReporter, type Reporter, soundOf, textReporter } from './status.ts'

const HELP = `ownsight-camera: shows one or more cameras to their owner, and to nobody else.

  ownsight-camera --server https://cameras.example.org --source rtsp://192.168.1.20/stream --name "Front door"
  ownsight-camera --config camera.json
  ownsight-camera doctor --config camera.json    what is wrong on this side, in one sentence

  --server URL     the signaling server
  --source SOURCE  rtsp://… , a video file, or test-pattern (default)
  --name NAME      what this camera is called here (default "Camera")
  --config FILE    JSON: { "server", "data", "cameras": [{ "name", "source" }], "network": { … } }
  --data FOLDER    keys and policy (default ${defaultDataFolder()})
  --check          open each source once, say what is found, and stop
  --reset          give each configured camera a new key: its owner must pair it again
  --json           report in JSON lines
  --help           this text

A source with a password belongs in a --config file (mode 0600) or in OWNSIGHT_SOURCE: other users of
this machine can read command lines.
`

const EXIT = { usage: 2, guard: 70 } as const

function parseCommandLine() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        server: { type: 'string' },
        source: { type: 'string' },
        name: { type: 'string' },
        config: { type: 'string' },
        data: { type: 'string' },
        check: { type: 'boolean' },
        reset: { type: 'boolean' },
        json: { type: 'boolean' },
        help: { type: 'boolean' },
      },
    })
    const [command, ...rest] = positionals
    if (rest.length > 0 || (command !== undefined && command !== 'doctor'))
      throw new Error(`Unknown command ${positionals.join(' ')}`)
    return { ...values, doctor: command === 'doctor' }
  } catch (error) {
    throw new AgentError('usage', `${(error as Error).message.split('. ')[0]}. See --help.`)
  }
}

type Options = ReturnType<typeof parseCommandLine>

function configure(options: Options): Config {
  const { server, source = process.env.OWNSIGHT_SOURCE, name, data } = options
  if (options.config) {
    if (server || options.source || name)
      throw new AgentError('usage', 'use --config alone, or --server, --source and --name; not both.')
    const value = readConfigFile(options.config)
    return parseConfig(data && value && typeof value === 'object' ? { ...value, data } : value)
  }
  if (!server)
    throw new AgentError('usage', 'which signaling server? Give --server URL or --config FILE. See --help.')
  const cameras = [{ name: name ?? 'Camera', source: source ?? 'test-pattern' }]
  return parseConfig({ server, cameras, ...(data ? { data } : {}) })
}

function reporter(json: boolean | undefined): Reporter {
  const write = (line: string) => process.stdout.write(line)
  const drawQr = (code: string): string => {
    let drawn = ''
    QRCode.toString(code, { type: 'terminal', small: true }, (_error, text) => {
      drawn = text ?? ''
    })
    return drawn
  }
  return json ? jsonReporter(write) : textReporter(write, drawQr)
}

async function main(): Promise<void> {
  const options = parseCommandLine()
  if (options.help) return void process.stdout.write(HELP)
  const config = configure(options)
  const report = reporter(options.json)
  if (options.check) return checkSources(config)
  if (options.doctor) return runDoctor(config, options.json)
  if (options.reset) return resetCameras(config, report)
  await proveGuard()
  const stop = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => stop.abort())
  // Started by a program: its end is ours.
  if (process.send) process.once('disconnect', () => stop.abort())
  await runAgent(config, { report, signal: stop.signal, nextCode: enterPressed })
}

/** No session code runs before the guard around werift has proved itself, in this process. */
async function proveGuard(): Promise<void> {
  const { installGuard } = await import('./rtc/dtls-guard.ts')
  const { selfTest } = await import('./rtc/self-test.ts')
  installGuard()
  await selfTest()
}

/** Each finding as it comes, then the one that counts. Exit code 1 when something is wrong. */
async function runDoctor(config: Config, json: boolean | undefined): Promise<void> {
  const { examine, verdict } = await import('./doctor/doctor.ts')
  const findings = []
  for await (const finding of examine(config)) {
    findings.push(finding)
    const line = json ? JSON.stringify(finding) : `${finding.ok ? '✔' : '✘'} ${finding.sentence}`
    process.stdout.write(`${line}\n`)
  }
  const { ok, code, sentence } = verdict(findings)
  process.stdout.write(json ? `${JSON.stringify({ verdict: code, ok, sentence })}\n` : `\n${sentence}\n`)
  if (!ok) process.exitCode = 1
}

async function checkSources(config: Config): Promise<void> {
  const { checkSource } = await import('./media/check.ts')
  for (const camera of config.cameras) {
    const { state, sound, note } = await checkSource(camera.source, camera.audio)
    process.stdout.write(`${camera.name}: ${state}${soundOf(sound)}${note ? `: ${note}` : ''}\n`)
    if (state !== 'live') process.exitCode = 1
  }
}

function enterPressed(): Promise<void> {
  if (!process.stdin.isTTY) return new Promise(() => undefined)
  process.stdout.write('Press Enter for a new code.\n')
  return new Promise(resolve => {
    const lines = createInterface({ input: process.stdin })
    lines.once('line', () => {
      lines.close()
      resolve()
    })
  })
}

main().then(
  () => process.exit(),
  (error: unknown) => {
    const known = error instanceof AgentError
    const guard = error instanceof Error && error.name.startsWith('Guard')
    const message =
      known || guard ? (error as Error).message : 'stopped by an unexpected fault. Please report it.'
    process.stderr.write(`ownsight-camera: ${message}\n`)
    if (!known && !guard && process.env.NODE_DEBUG) process.stderr.write(`${(error as Error).stack}\n`)
    process.exit(guard ? EXIT.guard : known ? EXIT.usage : 1)
  },
)
