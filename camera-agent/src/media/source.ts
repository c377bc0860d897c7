import { type ChildProcess, fork } from 'node:child_process'
import { closeSync, constants, fstatSync, openSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { type PipeRecord, pipeParser, type SourceFrame, type SourceSound } from './frame-pipe.ts'
import type { Encoding } from './media-frame.ts'
import { isSoundKind, NO_SOUND, type SoundKind, type SoundWant } from './sound.ts'
import type { SourceConfig } from './source-config.ts'
import { type ChildSource, FRAME_FD, type SourceCommand, type Want } from './source-messages.ts'
import { isSourceCode, type SourceCode, SourceFault } from './source-status.ts'

export type SourceEvents = {
  /** The picture is there; `transcoding` may come again with another value. */
  opened(transcoding: boolean): void
  frame(frame: SourceFrame): void
  /** What the source's sound comes as; it may come again with another value. */
  soundIs?(kind: SoundKind): void
  sound?(sound: SourceSound): void
  /** Bits per second of a source that is passed through. */
  rate(bps: number): void
  /** The process cannot encode as fast as the pictures come. */
  behind(): void
  /** Once, after the process is gone. */
  ended(code: SourceCode): void
}

export type Source = {
  pid: number | undefined
  want(want: Want): void
  /** What of the sound somebody listens to; nothing at first. */
  hear(hear: SoundWant): void
  requestKeyframe(encoding: Encoding): void
  close(): Promise<void>
}

/** `sound: false`: what the source has to be heard is not read. */
export type SourceIdentity = { cameraName: string; camId: string; sound?: boolean | undefined }

const CLOSE_GRACE_MS = 1000
const ENTRY = fileURLToPath(new URL('./source-process.ts', import.meta.url))

/** Starts the process that reads one source. It never throws: whatever goes wrong comes as `ended`. */
export function openSource(
  config: SourceConfig,
  who: SourceIdentity,
  want: Want,
  events: SourceEvents,
): Source {
  let child: ChildProcess
  try {
    child = start(config)
  } catch (error) {
    setImmediate(() => events.ended(error instanceof SourceFault ? error.code : 'crashed'))
    return { pid: undefined, want() {}, hear() {}, requestKeyframe() {}, close: async () => {} }
  }
  const send = (command: SourceCommand) => {
    if (child.connected) child.send(command, () => {})
  }
  let hear = NO_SOUND
  const gone = watch(child, events, () => send(openCommand(config, who, want, hear)))
  return {
    pid: child.pid,
    want: next => {
      want = next
      send({ type: 'want', want: next })
    },
    hear: next => {
      hear = next
      send({ type: 'hear', hear: next })
    },
    requestKeyframe: ({ codec, tier }) => send({ type: 'key', codec, tier }),
    close: async () => {
      send({ type: 'close' })
      const timer = setTimeout(() => child.kill('SIGKILL'), CLOSE_GRACE_MS)
      await gone
      clearTimeout(timer)
    },
  }
}

function start(config: SourceConfig): ChildProcess {
  const file = config.kind === 'file' ? openVideo(config.path) : undefined
  try {
    return fork(ENTRY, [], {
      cwd: '/',
      env: process.env.TZ ? { TZ: process.env.TZ } : {},
      execArgv: confinement(),
      stdio: ['ignore', 'ignore', 'ignore', 'ipc', 'pipe', ...(file === undefined ? [] : [file])],
    })
  } finally {
    if (file !== undefined) closeSync(file)
  }
}

/** Node's permission model: the process's JavaScript may read its own code and nothing else, start nothing. */
function confinement(): string[] {
  const modules = fileURLToPath(import.meta.resolve('node-av/lib')).replace(
    /([\\/]node_modules)[\\/].*$/s,
    '$1',
  )
  const own = fileURLToPath(new URL('../..', import.meta.url))
  const readable = [own, modules].map(path => `--allow-fs-read=${path}`)
  return ['--permission', '--allow-addons', ...readable, '--max-old-space-size=192', '--no-warnings']
}

/** The agent opens the file, so that the process needs no right to any file at all. */
function openVideo(path: string): number {
  let fd: number
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch {
    throw new SourceFault('not_found')
  }
  if (fstatSync(fd).isFile()) return fd
  closeSync(fd)
  throw new SourceFault('not_video')
}

/** What this process has to know of its source: neither the path of a file nor another stream's password. */
function childSource(config: SourceConfig): ChildSource {
  if (config.kind === 'file') return { kind: 'file' }
  return config.kind === 'rtsp' ? { kind: 'rtsp', url: config.url } : config
}

const openCommand = (
  config: SourceConfig,
  { cameraName, camId, sound }: SourceIdentity,
  want: Want,
  hear: SoundWant,
): SourceCommand => ({
  type: 'open',
  source: childSource(config),
  cameraName,
  camId,
  sound,
  want,
  hear,
})

/** Turns the process's records into events; resolves when it is gone. A record that is none costs it its life. */
function watch(child: ChildProcess, events: SourceEvents, onConfined: () => void): Promise<void> {
  let code: SourceCode = 'crashed'
  let over = false
  const onRecord = (record: PipeRecord) => {
    if (over) return
    if (record.kind === 'frame') events.frame(record)
    else if (record.kind === 'sound') events.sound?.(record)
    else if (record.text === 'confined') onConfined()
    else if (isSourceCode(record.text)) code = record.text
    else onWord(record.text, events)
  }
  const parse = pipeParser(onRecord)
  const pipe = child.stdio[FRAME_FD] as Readable
  pipe.on('data', (chunk: Buffer) => {
    if (over) return
    try {
      parse(chunk)
    } catch {
      over = true
      child.kill('SIGKILL')
    }
  })
  pipe.on('error', () => {})
  return new Promise(resolve => {
    let ended = false
    const end = () => {
      if (ended) return
      ended = true
      over = true
      resolve()
      events.ended(code)
    }
    child.on('error', () => {
      if (child.pid === undefined) end()
    })
    child.once('close', end)
  })
}

function onWord(text: string, events: SourceEvents) {
  if (text === 'opened' || text === 'transcoding') events.opened(text === 'transcoding')
  else if (text === 'behind') events.behind()
  else if (text.startsWith('sound ') && isSoundKind(text.slice(6)))
    events.soundIs?.(text.slice(6) as SoundKind)
  else if (/^rate \d{1,9}$/.test(text)) events.rate(Number(text.slice(5)))
}
