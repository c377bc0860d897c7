import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { start } from './processes.ts'
import { removeTemp, tempFolder } from './temp.ts'
import { until } from './wait.ts'

/**
 * PulseAudio with an output nobody hears: without a device to pace it, Firefox leaves every AudioContext suspended.
 * It takes sound in pieces of 50 ms at the most: otherwise they are of up to two seconds, and a browser that is asked for
 * so much at once holds sound and pictures back by half a second. `env` is for the browser.
 */
export async function openSoundCard(): Promise<{ env: Record<string, string>; close(): Promise<void> }> {
  const folder = tempFolder('pulse')
  const socket = join(folder, 'native')
  const server = start(
    'pulseaudio',
    [
      ...['-n', '--daemonize=no', '--exit-idle-time=-1', '--use-pid-file=no'],
      ...['-L', 'module-null-sink norewinds=1'],
      ...['-L', `module-native-protocol-unix auth-anonymous=1 socket=${socket}`],
    ],
    { env: { ...process.env, HOME: folder, XDG_RUNTIME_DIR: folder } },
  )
  await until(() => existsSync(socket), { timeout: 10_000, what: 'PulseAudio to listen' })
  return {
    env: { PULSE_SERVER: `unix:${socket}` },
    close: async () => {
      await server.stop()
      removeTemp(folder)
    },
  }
}
