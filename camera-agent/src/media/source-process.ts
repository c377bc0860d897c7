import { Socket } from 'node:net'
import { AV_LOG_QUIET } from 'node-av/constants'
import { Log } from 'node-av/lib'
import { confine, dieWithParent } from './confine.ts'
import { createEncoders } from './encoders.ts'
import type { Obstacle } from './h264-playable.ts'
import { openInput } from './input.ts'
import { createOutput, type Output } from './output.ts'
import { playInput } from './play-input.ts'
import { playTestPattern } from './play-test-pattern.ts'
import { createSender } from './sender.ts'
import { createSoundOutput } from './sound-output.ts'
import { FRAME_FD, MAX_RATE, type SourceCommand } from './source-messages.ts'
import { SourceFault } from './source-status.ts'

/** Entry of the process that reads one source: confined first, then told what to read. */
dieWithParent()
Log.setLevel(AV_LOG_QUIET)
confine(process.argv.slice(2).map(Number))

let output: Output | undefined
let closing = false
const die = () => process.kill(process.pid, 'SIGKILL')
const pipe = new Socket({ fd: FRAME_FD, readable: true, writable: true }).on('error', die).on('close', die)
const sender = createSender(pipe, encoding => output?.forceKey(encoding))
const sound = createSoundOutput(sender.sound, kind => void sender.status(`sound ${kind}`))

process.on('message', (command: SourceCommand) => {
  if (command.type === 'open') void run(command)
  if (command.type === 'want') output?.setWant(command.want)
  if (command.type === 'hear') sound.setWant(command.hear)
  if (command.type === 'key') output?.forceKey(command)
  if (command.type === 'close') closing = true
})
await sender.status('confined')

async function run(command: Extract<SourceCommand, { type: 'open' }>) {
  void sender.status(`pass ${command.pass}`)
  output = createOutput(
    command.want,
    sender.frame,
    createEncoders(command.hardware, name => void sender.status(name)),
  )
  sound.setWant(command.hear)
  const hooks = {
    onMode: (obstacle?: Obstacle) => void sender.status(obstacle ? `transcoding ${obstacle}` : 'opened'),
    onWaiting: () => void sender.status('waiting'),
    onRate: (bps: number) => void sender.status(`rate ${Math.min(bps, MAX_RATE)}`),
    onHeight: (lines: number) => void sender.status(`height ${Math.min(lines, 9999)}`),
    onBehind: () => void sender.status('behind'),
    closing: () => closing,
    sound,
  }
  try {
    const { source } = command
    if (source.kind === 'test-pattern') await playTestPattern(source, command, output, hooks)
    else await playInput(await openInput(source, command.sound !== false), output, hooks)
  } catch (error) {
    await sender.status(error instanceof SourceFault ? error.code : 'crashed')
  }
  die()
}
