import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { benchHomes, controlHomes } from './homes.ts'
import { benchScope } from './scope.ts'
import { benchSend } from './send.ts'
import { ttff } from './ttff.ts'

const HELP = `npm run bench -- NAME: measures on this machine. Nothing passes or fails, but for homes.

  npm run bench -- ttff              time to first frame: from the tap on a camera to its first decoded frame
  npm run bench -- scope             "which sessions could have been affected", over a log of 90 days
  npm run bench -- homes             many homes under the evil server: whose frames does each viewer get? Fails if another's
  npm run bench -- send              what sending costs, beside stock werift and Pion with the same viewers

  --homes N  how many (default 20)
  --seed N   of all chance in it
  --control  with every check of identity taken out, in a process of its own: fails unless foreign frames are seen
  --rows N   messages in that log (default 10000000; some minutes to write them)
  --runs N   live views to measure (default 20)
  --viewers LIST  how many in each step of send (default 1,5,20,50)
  --rounds N      of each sender in each step, in turns (default 2)
  --no-limit      of send: the costs only, not how many viewers there can be
  --cold     let the camera's source close before each, instead of only before the first
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
      seed: { type: 'string' },
      viewers: { type: 'string' },
      rounds: { type: 'string' },
      'no-limit': { type: 'boolean' },
      control: { type: 'boolean' },
      cold: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  })
  if (values.help) return say(HELP)
  const runs = Number(values.runs ?? 20)
  const rows = Number(values.rows ?? 10_000_000)
  const homes = Number(values.homes ?? 20)
  const viewers = (values.viewers ?? '1,5,20,50').split(',').map(Number)
  const rounds = Number(values.rounds ?? 2)
  const seed = values.seed === undefined ? {} : { seed: Number(values.seed) }
  const bench = {
    ttff: () => ttff({ runs, cold: values.cold ?? false }),
    scope: () => benchScope(rows),
    send: () => benchSend({ viewers, rounds, limit: !values['no-limit'] }),
    homes: () => benchHomes({ homes, ...seed }),
  }
  const name = positionals.join()
  if (
    !isOneOf(bench, name) ||
    ![runs, rows, homes, rounds, ...viewers].every(n => Number.isInteger(n) && n > 0)
  ) {
    process.stderr.write(HELP)
    process.exit(2)
  }
  if (values.control && name === 'homes')
    process.exit(controlHomes(process.argv.slice(2).filter(each => each !== '--control')))
  say(heading())
  say(await bench[name]())
}

main().then(
  () => process.exit(),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    process.exit(1)
  },
)
