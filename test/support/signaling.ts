import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Signaling, startSignaling } from '@ownsight/signaling/server'

const program = join(import.meta.dirname, '..', '..', 'signaling', 'src', 'main.ts')

/** A signaling server on a free loopback port with a data folder of its own. */
export type TestSignaling = {
  readonly origin: string
  readonly port: number
  readonly healthPort: number
  readonly data: string
  /** Empty once the first account exists. */
  readonly setupToken: string
  /** Everything it wrote so far; empty in this process. */
  output(): string
  mintSignInToken(): Promise<string>
  /** Stops it and removes its data folder, unless it was given one. */
  close(): Promise<void>
}

export type TestSignalingOptions = { data?: string; port?: number; viewer?: string }

/** In this process: quick, and the test can reach into it. */
export async function startTestSignaling(options: TestSignalingOptions = {}): Promise<TestSignaling> {
  const data = options.data ?? mkdtempSync(join(tmpdir(), 'ownsight-signaling-'))
  const signaling: Signaling = await startSignaling({
    listen: { host: '127.0.0.1', port: options.port ?? 0 },
    data,
    healthPort: 0,
    logLevel: 'silent',
    ...(options.viewer ? { viewer: options.viewer } : {}),
  })
  return {
    origin: signaling.origin,
    port: signaling.port,
    healthPort: signaling.healthPort ?? 0,
    data,
    setupToken: signaling.setupToken ?? '',
    output: () => '',
    mintSignInToken: signaling.mintSignInToken,
    async close() {
      await signaling.close()
      if (!options.data) rmSync(data, { recursive: true, force: true })
    },
  }
}

export type SignalingProcess = Omit<TestSignaling, 'mintSignInToken'> & {
  readonly child: ChildProcess
  exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
  kill(signal?: NodeJS.Signals): Promise<{ code: number | null; signal: NodeJS.Signals | null }>
}

export type SignalingProcessOptions = TestSignalingOptions & {
  args?: string[]
  /** command put in front, such as `strace -f …` or `ip netns exec …` */
  prefix?: string[]
  nodeArgs?: string[]
  env?: Record<string, string>
}

/** Through its real command line, for what must survive `kill -9`. Give `data` and `port` to start it again. */
export async function spawnTestSignaling(options: SignalingProcessOptions = {}): Promise<SignalingProcess> {
  const data = options.data ?? mkdtempSync(join(tmpdir(), 'ownsight-signaling-'))
  const port = options.port ?? (await freePort())
  const healthPort = await freePort()
  const { child, exited, output } = runSignaling(
    [
      ...['--port', String(port), '--data', data, '--health-port', String(healthPort)],
      ...(options.viewer ? ['--viewer', options.viewer] : []),
      ...(options.args ?? []),
    ],
    options,
  )
  const origin = /^Signaling server: (\S+)$/m
  await until(() => origin.test(output()), exited, output)
  const kill = (signal: NodeJS.Signals = 'SIGKILL') => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal)
    return exited
  }
  return {
    origin: origin.exec(output())?.[1] ?? '',
    port,
    healthPort,
    data,
    setupToken: /token:\n\n {2}(\S+)\n/.exec(output())?.[1] ?? '',
    output,
    child,
    exited,
    kill,
    async close() {
      await kill('SIGTERM')
      if (!options.data) rmSync(data, { recursive: true, force: true })
    },
  }
}

/** The program with any arguments; it may well refuse to start. */
export function runSignaling(
  args: string[],
  options: Pick<SignalingProcessOptions, 'prefix' | 'nodeArgs' | 'env'> = {},
) {
  const command = [...(options.prefix ?? []), process.execPath, ...(options.nodeArgs ?? []), program, ...args]
  const child = spawn(command[0] ?? '', command.slice(1), {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...options.env },
  })
  let text = ''
  child.stdout.on('data', chunk => (text += chunk))
  child.stderr.on('data', chunk => (text += chunk))
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>(resolve =>
    child.once('close', (code, signal) => resolve({ code, signal })),
  )
  return { child, exited, output: () => text }
}

async function until(
  condition: () => boolean,
  exited: Promise<unknown>,
  output: () => string,
): Promise<void> {
  let ended = false
  void exited.then(() => (ended = true))
  const deadline = performance.now() + 30_000
  while (!condition()) {
    if (ended || performance.now() > deadline)
      throw new Error(`the signaling server did not start:\n${output()}`)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}
