import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { connect as connectTcp } from 'node:net'
import { createInterface } from 'node:readline'
import { connect as connectTls, type SecureVersion } from 'node:tls'
import { type Started, start } from '../support/processes.ts'
import { until } from '../support/wait.ts'
import { type Said, type Talk, talk } from './turn-talk.ts'

/** Asked of a relay from inside a namespace; one question a line as JSON, one answer a line. */
export type Question =
  | Talk
  /** the version that a handshake with this one alone ends with, `refused`, or `no listener` */
  | { host: string; port: number; tls: SecureVersion; ca: string }
  /** whether a handshake of DTLS 1.2 over UDP gets a certificate */
  | { host: string; port: number; dtls: true }
  /** whether a TCP connection opens */
  | { host: string; port: number; tcp: true }

export type Probe = {
  /** puts a command where it asks from */
  readonly prefix: readonly string[]
  talk(question: Talk): Promise<Said[]>
  tls(question: { host: string; port: number; tls: SecureVersion; ca: string }): Promise<string>
  dtls(host: string, port: number): Promise<boolean>
  tcp(host: string, port: number): Promise<boolean>
  close(): Promise<void>
}

const WAIT_MS = 1500

/** @param prefix puts it into a namespace */
export function startProbe(prefix: readonly string[]): Probe {
  const [command = process.execPath, ...before] = [...prefix, process.execPath]
  const probe: Started = start(command, [...before, '--no-warnings', import.meta.filename])
  let asked = 0
  async function ask(question: Question): Promise<unknown> {
    const index = asked++
    probe.child.stdin?.write(`${JSON.stringify(question)}\n`)
    const line = await until(
      () => {
        if (probe.child.exitCode !== null) throw new Error(`the probe ended: ${probe.stderr()}`)
        const lines = probe.stdout().split('\n')
        return lines.length > index + 1 && lines[index]
      },
      { timeout: 40_000, what: 'an answer of the probe', every: 10 },
    )
    return JSON.parse(line)
  }
  return {
    prefix,
    talk: question => ask(question) as Promise<Said[]>,
    tls: question => ask(question) as Promise<string>,
    dtls: (host, port) => ask({ host, port, dtls: true }) as Promise<boolean>,
    tcp: (host, port) => ask({ host, port, tcp: true }) as Promise<boolean>,
    close: () => probe.stop(),
  }
}

async function answer(question: Question): Promise<unknown> {
  if ('steps' in question) return talk(question).catch(() => question.steps.map((): Said => ({ code: null })))
  if ('tls' in question) return shakeHands(question)
  if ('dtls' in question) return helloDtls(question)
  return new Promise<boolean>(resolve => {
    const socket = connectTcp(question)
    const end = (opened: boolean): void => {
      socket.destroy()
      resolve(opened)
    }
    socket.once('connect', () => end(true)).once('error', () => end(false))
    socket.setTimeout(WAIT_MS, () => end(false))
  })
}

/** Its client would take any version; what coturn does not speak it drops, and says nothing. */
function shakeHands(question: Extract<Question, { tls: unknown }>): Promise<string> {
  const { host, port, tls, ca } = question
  const { promise, resolve } = Promise.withResolvers<string>()
  const socket = connectTls({
    ...{ host, port, ca: readFileSync(ca), minVersion: tls, maxVersion: tls },
    ciphers: 'DEFAULT@SECLEVEL=0',
  })
  socket.setTimeout(WAIT_MS, () => resolve('refused'))
  socket.once('secureConnect', () => resolve(socket.getProtocol() ?? 'refused'))
  socket.once('error', (error: NodeJS.ErrnoException) =>
    resolve(error.code === 'ECONNREFUSED' ? 'no listener' : 'refused'),
  )
  return promise.finally(() => socket.destroy())
}

function helloDtls({ host, port }: { host: string; port: number }): Promise<boolean> {
  const address = host.includes(':') ? `[${host}]` : host
  const options = ['s_client', '-dtls1_2', '-connect', `${address}:${port}`]
  return new Promise(resolve => {
    const openssl = execFile('openssl', options, { timeout: WAIT_MS }, (_, stdout) =>
      resolve(stdout.includes('BEGIN CERTIFICATE')),
    )
    openssl.stdin?.end()
  })
}

if (import.meta.main)
  for await (const line of createInterface({ input: process.stdin }))
    process.stdout.write(`${JSON.stringify(await answer(JSON.parse(line)))}\n`)
