import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { portHolder } from './port-holder.ts'
import { StartError } from './start-error.ts'

/** What `npm start` remembers between runs. The port is part of the origin, and the origin of every key: it stays. */
export type Settings = { port: number; name: string; source: string }

const FIRST_PORT = 8473
const file = (data: string): string => join(data, 'start.json')

/** Reads the settings of `data`, or makes them at the first run; `wanted` overrides what is remembered. */
export async function loadSettings(
  data: string,
  wanted: { source?: string; name?: string },
): Promise<Settings> {
  mkdirSync(data, { recursive: true, mode: 0o700 })
  chmodSync(data, 0o700)
  const stored = readSettings(data)
  const source = wanted.source ?? stored?.source ?? 'test-pattern'
  const kept = wanted.source === undefined || wanted.source === stored?.source ? stored?.name : undefined
  const name = wanted.name ?? kept ?? (source === 'test-pattern' ? 'Demo camera' : 'My camera')
  const port = stored ? await keepPort(stored.port) : await choosePort()
  const settings = { port, name, source }
  writeFileSync(`${file(data)}.new`, JSON.stringify(settings), { mode: 0o600 })
  renameSync(`${file(data)}.new`, file(data))
  return settings
}

function readSettings(data: string): Settings | undefined {
  if (!existsSync(file(data))) return undefined
  try {
    const { port, name, source } = JSON.parse(readFileSync(file(data), 'utf8'))
    if (Number.isInteger(port) && typeof name === 'string' && typeof source === 'string')
      return { port, name, source }
  } catch {
    // one sentence for both kinds of damage below
  }
  throw new StartError(`${file(data)} is damaged: restore it, or choose another folder with --data.`)
}

async function keepPort(port: number): Promise<number> {
  if (await isFree(port)) return port
  const holder = portHolder(port) ?? 'another program'
  throw new StartError(
    `Port ${port} is taken by ${holder}. This home was set up on that port and browsers know it by it: stop that program, then start again.`,
  )
}

async function choosePort(): Promise<number> {
  for (let port = FIRST_PORT; port < FIRST_PORT + 50; port++) if (await isFree(port)) return port
  throw new StartError(`No free port between ${FIRST_PORT} and ${FIRST_PORT + 49}.`)
}

function isFree(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const probe = createServer()
  probe.once('error', () => resolve(false))
  probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)))
  return promise
}
