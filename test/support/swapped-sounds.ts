import { setTimeout as sleep } from 'node:timers/promises'
import { crossPipes } from './crossing.ts'

/**
 * A program: two cameras of one agent whose pipes are crossed, each a file with a tone of its own, and somebody who
 * listens to each. Prints a JSON line with the pitch that each is first heard with. Arguments: the files, and perhaps
 * `unchecked`: the agent does not look.
 */
const PACKETS = 60
/** An encoder that begins is heard to begin. */
const NOISY = 10
const MOST_MS = 40_000

const [one = '', other = '', unchecked] = process.argv.slice(2)
crossPipes(unchecked === 'unchecked')
const { openShare, view } = await import('./share-watcher.ts')
const { decodeSound, pitchOf } = await import('./sound-decoder.ts')
const cameras = [one, other].map((path, i) => {
  const { share } = openShare({ kind: 'file', path }, { camId: `cam-${i}` })
  const payloads: Buffer[] = []
  view(share).hear(new Set(['opus']), ({ payload }) => payloads.push(Buffer.from(payload)))
  return { share, payloads }
})
const end = performance.now() + MOST_MS
while (cameras.some(({ payloads }) => payloads.length < PACKETS) && performance.now() < end) await sleep(50)
const pitches = []
for (const { share, payloads } of cameras) {
  pitches.push(Math.round(pitchOf(await decodeSound('opus', payloads.slice(NOISY, PACKETS)), 48_000)))
  await share.close()
}
process.stdout.write(`${JSON.stringify(pitches)}\n`)
