import { parseArgs } from 'node:util'
import { stopAll } from '../support/processes.ts'
import { LEAKS, type Leak } from './leak.ts'
import { type Proof, prove } from './run.ts'
import { verdict } from './verdict.ts'

const HELP = `npm run prove: shows that signaling server and relay never hold a picture.

A camera with pictures made at random for this run is watched in Chromium through the real signaling server and a real
relay (coturn), configured by ownsight-turn and lent by that server. Then all that these two had is searched for the
pictures: full memory, logs, database, temporary files, and the packets on the wire. The same search in the camera
agent's memory must find them. It needs root.

  --seconds N      how long to watch (default 20)
  --break WHAT     put a fault into a copy of server or camera, to see this fail: ${LEAKS.join(', ')}
  --json           the result as JSON
  --help           this text

Exit 0: nothing found where nothing may be, found where it must be. Exit 1: otherwise.
`

const say = (text: string): void => void process.stderr.write(`${text}\n`)

function table(proof: Proof): string {
  const rows = proof.places.map(({ place, control, bytes, found }) => {
    const size = `${(bytes / 1e6).toFixed(1)} MB`
    const finds = [...found.values()].reduce((sum, times) => sum + times, 0)
    const wanted = control ? 'must be found' : 'must not be found'
    return `${place.padEnd(32)}${size.padStart(12)}${`${finds} finds`.padStart(14)}  ${wanted}`
  })
  const media = proof.media.length === 0 ? 'none' : proof.media.join(', ')
  return [
    ...rows,
    `media libraries among the server's packages: ${media}`,
    `video watched through the relay: ${(proof.relayed / 1e6).toFixed(1)} MB`,
  ].join('\n')
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '20' },
      break: { type: 'string' },
      json: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  })
  if (values.help) {
    process.stdout.write(HELP)
    return 0
  }
  const seconds = Number(values.seconds)
  const leak = LEAKS.find(each => each === values.break)
  if (!(seconds >= 1) || (values.break !== undefined && !leak)) {
    say(HELP)
    return 2
  }
  if (process.getuid?.() !== 0) {
    say('prove reads the memory of other processes and captures packets: run it as root.')
    return 2
  }
  const proof = await prove({ seconds, say, ...(leak ? { leak: leak as Leak } : {}) })
  const faults = verdict(proof)
  if (values.json) {
    const places = proof.places.map(each => ({ ...each, found: Object.fromEntries(each.found) }))
    process.stdout.write(`${JSON.stringify({ ...proof, places, faults })}\n`)
  } else process.stdout.write(`${table(proof)}\n`)
  for (const fault of faults) say(`FOUND ${fault}`)
  say(faults.length === 0 ? 'The server never saw a frame.' : 'This must not be.')
  return faults.length === 0 ? 0 : 1
}

main().then(
  code => process.exit(code),
  async (error: unknown) => {
    say(error instanceof Error ? error.message : String(error))
    await stopAll()
    process.exit(1)
  },
)
