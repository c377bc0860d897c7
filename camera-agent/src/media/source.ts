import { type ChildProcess, fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { closeSync, constants, fstatSync, openSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { confinedOptions } from './confined-fork.ts'
import { deviceGroup } from './device-group.ts'
import { type PipeRecord, pipeParser, type SourceFrame, type SourceSound } from './frame-pipe.ts'
import { OBSTACLES, type Obstacle } from './h264-playable.ts'
import { createHardware } from './hardware.ts'
import { type Hardware, isHardware } from './hardware-names.ts'
import type { Encoding } from './media-frame.ts'
import { limitMemory } from './memory-limit.ts'
import { isSoundKind, NO_SOUND, type SoundKind, type SoundWant } from './sound.ts'
import { isSecure, type SourceConfig } from './source-config.ts'
import { type ChildSource, FRAME_FD, type SourceCommand, type Want } from './source-messages.ts'
import { isSourceCode, type SourceCode, SourceFault } from './source-status.ts'
import { openTunnel, type Tunnel } from './tls-tunnel.ts'

export type SourceEvents = {
  /** The source is open, and converted when there is an obstacle; it may come again with another one. */
  opened(obstacle: Obstacle | undefined): void
  /** Packets come, and not yet one that a picture can begin with. */
  waiting(): void
  frame(frame: SourceFrame): void
  /** What the source's sound comes as; it may come again with another value. */
  soundIs?(kind: SoundKind): void
  sound?(sound: SourceSound): void
  /** Bits per second of a source that is passed through. */
  rate(bps: number): void
  /** Lines of its pictures. */
  size(height: number): void
  /** The hardware that encodes its pictures; undefined for software. */
  encoder(name: Hardware | undefined): void
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

/** Names this machine's encoder, found while the first source runs. */
const hardware = createHardware()
const CLOSE_GRACE_MS = 1000
const ENTRY = fileURLToPath(new URL('./source-process.ts', import.meta.url))

/** Starts the process that reads one source. It never throws: whatever goes wrong comes as `ended`. */
export function openSource(
  config: SourceConfig,
  who: SourceIdentity,
  want: Want,
  events: SourceEvents,
): Source {
  const choice = hardware.now()
  let child: ChildProcess
  try {
    child = start(config, choice?.groups ?? [])
  } catch (error) {
    setImmediate(() => events.ended(error instanceof SourceFault ? error.code : 'crashed'))
    return { pid: undefined, want() {}, hear() {}, requestKeyframe() {}, close: async () => {} }
  }
  const send = (command: SourceCommand) => {
    if (child.connected) child.send(command, () => {})
  }
  let hear = NO_SOUND
  let usesHardware = false
  const tunnel = tunnelFor(config)
  const pass = randomBytes(16).toString('hex')
  let fault: SourceCode | undefined
  const open = async () => {
    try {
      const url = (await tunnel)?.url
      send({
        type: 'open',
        source: childSource(config, url),
        ...who,
        want,
        hear,
        pass,
        ...(choice ? { hardware: choice.name } : {}),
      })
    } catch (error) {
      fault = error instanceof SourceFault ? error.code : 'crashed'
      child.kill('SIGKILL')
    }
  }
  const encoder = (name: Hardware | undefined) => {
    usesHardware ||= name !== undefined
    events.encoder(name)
  }
  const unlimit = limitMemory(child.pid, () => {
    fault = 'too_heavy'
    child.kill('SIGKILL')
  })
  const ended = (code: SourceCode) => {
    unlimit()
    void tunnel?.then(({ close }) => close()).catch(() => {})
    // A driver may have done it: what comes next is encoded in software, and at once.
    const byHardware = usesHardware && (code === 'crashed' || code === 'unsupported')
    if (byHardware) hardware.avoid()
    events.ended(fault ?? (byHardware ? 'crashed' : code))
  }
  const gone = watch(child, pass, { ...events, encoder, ended }, () => void open())
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

function start(config: SourceConfig, groups: readonly number[]): ChildProcess {
  const file = config.kind === 'file' ? openVideo(config.path) : undefined
  const group = config.kind === 'v4l2' ? [deviceGroup(config.device)] : []
  try {
    return fork(ENTRY, [...group, ...groups].map(String), {
      ...confinedOptions(),
      stdio: ['ignore', 'ignore', 'ignore', 'ipc', 'pipe', ...(file === undefined ? [] : [file])],
    })
  } finally {
    if (file !== undefined) closeSync(file)
  }
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

/** Made beside the start of the process; what goes wrong is said when the process is ready. */
function tunnelFor(config: SourceConfig): Promise<Tunnel> | undefined {
  if (config.kind !== 'rtsp' || !isSecure(config.url)) return undefined
  const tunnel = openTunnel(config.url, config)
  tunnel.catch(() => {})
  return tunnel
}

/** What this process has to know of its source: neither the path of a file nor another stream's password. */
function childSource(config: SourceConfig, tunnel?: string): ChildSource {
  if (config.kind === 'file') return { kind: 'file' }
  return config.kind === 'rtsp' ? { kind: 'rtsp', url: tunnel ?? config.url } : config
}

/**
 * Turns the process's records into events; resolves when it is gone. A record that is none costs it its life, and so does
 * a frame on a pipe that has not first told the pass this very process was given: no other camera's picture gets through
 * a mix-up of pipes.
 */
function watch(
  child: ChildProcess,
  pass: string,
  events: SourceEvents,
  onConfined: () => void,
): Promise<void> {
  let code: SourceCode = 'crashed'
  let over = false
  let known = false
  const onRecord = (record: PipeRecord) => {
    if (over) return
    if (record.kind === 'status' && record.text.startsWith('pass ')) known = record.text === `pass ${pass}`
    else if (record.kind === 'status' && record.text === 'confined') return onConfined()
    if (!known) throw new RangeError('not the pipe of this process')
    if (record.kind === 'frame') events.frame(record)
    else if (record.kind === 'sound') events.sound?.(record)
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
  const obstacle = OBSTACLES.find(each => text === `transcoding ${each}`)
  if (text === 'opened' || obstacle) events.opened(obstacle)
  else if (text === 'software') events.encoder(undefined)
  else if (isHardware(text)) events.encoder(text)
  else if (text === 'waiting') events.waiting()
  else if (text === 'behind') events.behind()
  else if (text.startsWith('sound ') && isSoundKind(text.slice(6)))
    events.soundIs?.(text.slice(6) as SoundKind)
  else if (/^rate \d{1,9}$/.test(text)) events.rate(Number(text.slice(5)))
  else if (/^height \d{1,4}$/.test(text)) events.size(Number(text.slice(7)))
}
