import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { write } from '../networks/report.ts'
import { benchEight } from './eight.ts'
import { benchHomes, controlHomes } from './homes.ts'
import { benchInput } from './input.ts'
import { benchScope } from './scope.ts'
import { benchSend } from './send.ts'
import { ttff } from './ttff.ts'

const HELP = `npm run bench -- NAME: measures on this machine. Nothing passes or fails, but for homes, input and eight.

  npm run bench -- ttff              time to first frame: from the tap on a camera to the first one painted, beside plain
                                     pairs of werift and of Pion; and what CONFIRM costs (as root: lines with delay)
  npm run bench -- scope             "which sessions could have been affected", over a log of 90 days
  npm run bench -- homes             many homes under the evil server: whose frames does each viewer get? Fails if another's
  npm run bench -- send              what sending costs, beside stock werift and Pion with the same viewers
  npm run bench -- input             bad input of every kind; an honest challenge, memory and a live picture meanwhile
  npm run bench -- eight             eight cameras of one agent, 24 hours of visits: memory, handles, and whose pictures are
                                     seen. Fails if one is another camera's, or something grows by a tenth

  --visits N how many (default 2000)
  --hours N  in which (default 24; the clocks of agent and server are set ahead between visits)
  --short    of input: some of each kind only, as the tests do it
  --homes N  how many (default 20)
  --seed N   of all chance in it
  --control  eight: with the check of pipes taken out and timers left behind; fails unless both are found
             homes: with every check of identity taken out, in a process of its own: fails unless foreign frames are seen
  --rows N   messages in that log (default 10000000; some minutes to write them)
  --runs N   live views to measure, of each kind (default 20)
  --cold     ours alone, the camera's source closed before each
  --write    put it into docs/BENCH.md as well
  --viewers LIST  how many in each step of send (default 1,5,20,50)
  --rounds N      of each sender in each step, in turns (default 2)
  --no-limit      of send: the costs only, not how many viewers there can be
  --help     this text
`

const agentPackage = join(import.meta.dirname, '..', '..', 'camera-agent', 'package.json')

function heading(): string {
  const { dependencies } = JSON.parse(readFileSync(agentPackage, 'utf8'))
  const chromium = execFileSync('/usr/bin/chromium', ['--version'], { stdio: ['ignore', 'pipe', 'ignore'] })
  const versions = [
    `Linux ${release()}`,
    `Node ${process.versions.node}`,
    chromium.toString().trim().split(' ').slice(0, 2).join(' '),
    `werift ${dependencies.werift}`,
    `node-av ${dependencies['node-av']}`,
  ]
  return [
    `${cpus()[0]?.model.trim()}, ${availableParallelism()} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, load ${loadavg()[0]?.toFixed(1)} at the start`,
    versions.join(', '),
  ].join('\n')
}

const say = (text: string): void => void process.stdout.write(`${text}\n`)

const isOneOf = <T extends object>(all: T, name: PropertyKey): name is keyof T => Object.hasOwn(all, name)

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      runs: { type: 'string' },
      rows: { type: 'string' },
      homes: { type: 'string' },
      visits: { type: 'string' },
      hours: { type: 'string' },
      seed: { type: 'string' },
      viewers: { type: 'string' },
      rounds: { type: 'string' },
      'no-limit': { type: 'boolean' },
      control: { type: 'boolean' },
      short: { type: 'boolean' },
      cold: { type: 'boolean' },
      write: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  })
  if (values.help) return say(HELP)
  const runs = Number(values.runs ?? 20)
  const rows = Number(values.rows ?? 10_000_000)
  const homes = Number(values.homes ?? 20)
  const visits = Number(values.visits ?? 2000)
  const hours = Number(values.hours ?? 24)
  const viewers = (values.viewers ?? '1,5,20,50').split(',').map(Number)
  const rounds = Number(values.rounds ?? 2)
  const seed = values.seed === undefined ? {} : { seed: Number(values.seed) }
  const bench = {
    ttff: () => ttff({ runs, cold: values.cold ?? false }),
    scope: () => benchScope(rows),
    send: () => benchSend({ viewers, rounds, limit: !values['no-limit'] }),
    homes: () => benchHomes({ homes, ...seed }),
    eight: () => benchEight({ visits, hours, ...seed, control: values.control ?? false }),
    input: () => benchInput({ short: values.short ?? false, seed: 1, ...seed }),
  }
  const name = positionals.join()
  if (
    !isOneOf(bench, name) ||
    ![runs, rows, homes, visits, hours, rounds, ...viewers].every(n => Number.isInteger(n) && n > 0)
  ) {
    process.stderr.write(HELP)
    process.exit(2)
  }
  if (values.control && name === 'homes')
    process.exit(controlHomes(process.argv.slice(2).filter(each => each !== '--control')))
  const title = heading()
  say(title)
  const text = await bench[name]()
  say(text)
  if (values.write && name === 'ttff')
    write(values.cold ? 'ttff cold' : 'ttff', `\`\`\`\n${title}\n${text}\n\`\`\``, 'BENCH')
}

main().then(
  () => process.exit(),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    process.exit(1)
  },
)
