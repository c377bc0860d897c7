import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { exitCode, openLog, scope } from './scope.ts'
import { peopleOf } from './scope-people.ts'
import { listSessions } from './scope-sessions.ts'
import { CSV_HEAD, csvLine, scopeText } from './scope-text.ts'
import { checkWindow, parseTime, runsOf, type Window } from './scope-window.ts'
import { SignalingError } from './signaling-error.ts'

export type ScopeOptions = {
  from?: string | undefined
  to?: string | undefined
  build?: string | undefined
  instance?: string | undefined
  integration?: string | undefined
  json?: boolean | undefined
  people?: boolean | undefined
  csv?: string | undefined
  sessions?: string | undefined
}

export const SCOPE_HELP = `  ownsight-signaling scope --from TIME --to TIME      which sessions could have been affected, was anybody harmed

  --from TIME --to TIME  such as 2026-11-20T14:00:00Z; a time without a zone is UTC
  --build B              only what this version of the server routed
  --instance I           only this run of it
  --integration X        only this kind of viewer: own
  --sessions N           list the first N of them (default 20)
  --csv FILE             list all of them, into a file
  --people               whose pseudonyms these are, as long as the keys of those weeks exist (90 days)
  --json                 the answer as JSON
  Ends with 0: nobody harmed. 3: somebody was. 4: nobody, but a camera's signed heads contradict each other.
`

const SESSIONS_SHOWN = 20

/** @returns the exit code. @throws SignalingError for what the person can mend */
export async function runScope(folder: string, options: ScopeOptions): Promise<number> {
  const window = readWindow(options)
  const count = Number(options.sessions ?? SESSIONS_SHOWN)
  if (!Number.isInteger(count) || count < 0 || count > 1_000_000)
    throw new SignalingError('sessions', '--sessions takes a number up to 1000000; --csv FILE lists all.')
  const log = openLog(folder)
  try {
    const known = await scope(log, window, count)
    const runs = options.people ? runsOf(log, window) : []
    const answer = options.people ? { ...known, people: peopleOf(log, folder, window, runs) } : known
    if (options.csv !== undefined) await writeCsv(log, { ...window, to: Date.parse(answer.to) }, options.csv)
    process.stdout.write(options.json ? `${JSON.stringify(answer, null, 2)}\n` : scopeText(answer))
    return exitCode(answer)
  } finally {
    log.close()
  }
}

function readWindow({ from, to, build, instance, integration }: ScopeOptions): Window {
  return checkWindow({
    from: parseTime('from', from),
    to: parseTime('to', to),
    ...(build === undefined ? {} : { build }),
    ...(instance === undefined ? {} : { instance }),
    ...(integration === undefined ? {} : { integration }),
  })
}

async function writeCsv(log: ReturnType<typeof openLog>, window: Window, path: string): Promise<void> {
  const file = createWriteStream(path, { mode: 0o600 })
  try {
    await once(file, 'open')
    file.write(CSV_HEAD)
    let lines: string[] = []
    const flush = async () => {
      const text = lines.join('')
      lines = []
      if (!file.write(text)) await once(file, 'drain')
    }
    for (const session of listSessions(log, window, runsOf(log, window)))
      if (lines.push(csvLine(session)) >= 1000) await flush()
    await flush()
    file.end()
    await once(file, 'close')
  } catch {
    throw new SignalingError('csv', `--csv: ${path} cannot be written.`)
  }
}
