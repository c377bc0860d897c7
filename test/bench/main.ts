import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ttff } from './ttff.ts'

const HELP = `npm run bench -- NAME: measures on this machine. No test: nothing passes or fails.

  npm run bench -- ttff              time to first frame: from the tap on a camera to its first decoded frame

  --runs N   live views to measure (default 20)
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

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { runs: { type: 'string' }, cold: { type: 'boolean' }, help: { type: 'boolean' } },
  })
  if (values.help) return say(HELP)
  const runs = Number(values.runs ?? 20)
  if (positionals.join() !== 'ttff' || !Number.isInteger(runs) || runs < 1) {
    process.exitCode = 2
    return void process.stderr.write(HELP)
  }
  say(heading())
  say(await ttff({ runs, cold: values.cold ?? false }))
}

main().then(
  () => process.exit(),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    process.exit(1)
  },
)
