import assert from 'node:assert/strict'
import { LEAKS, type Leak } from '../prove/leak.ts'
import { prove } from '../prove/run.ts'
import { verdict } from '../prove/verdict.ts'

/** In the short form one fault in the server; each kind of it in the long one. */
const leaks = process.env.OWNSIGHT_LONG ? LEAKS.filter(each => each !== 'relay') : (['keep'] as const)
const PLACES = {
  keep: ['memory of the server'],
  log: ['log of the server'],
  file: ['temporary files of the server'],
  relay: ['memory of the relay', 'captured packets'],
}

describe('the server never saw a frame', function () {
  this.timeout(300_000)
  const say = (line: string) => void process.stdout.write(`    ${line}\n`)

  it('attack 45: F10: F15: nothing of the picture in memory, logs, database, files and packets of server and relay', async () => {
    const proof = await prove({ seconds: 5, say })
    assert.deepEqual(verdict(proof), [])
    assert.ok(proof.relayed > 10_000)
    for (const { place, bytes } of proof.places.filter(each => /memory|database|packets/.test(each.place)))
      assert.ok(bytes > 10_000, `${place}: only ${bytes} bytes were there to search`)
  })

  async function isFound(leak: Leak): Promise<void> {
    const faults = verdict(await prove({ seconds: 3, leak, say }))
    for (const place of PLACES[leak])
      assert.ok(
        faults.some(fault => fault.startsWith(place)),
        `${place}: nothing\n${faults.join('\n')}`,
      )
  }
  for (const leak of leaks)
    it(`attack 45: a server that keeps one frame is found out (${leak})`, () => isFound(leak))

  it('attack 45: a picture that reaches the relay in plain is found in its memory and its packets', () =>
    isFound('relay'))
})
