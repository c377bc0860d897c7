import assert from 'node:assert/strict'
import { musts } from './musts.ts'
import { prove } from './proof.ts'

/** Rows of the protocol itself, and of pure parts. OWNSIGHT_LONG takes all, as `npm run musts` does. */
const quick = musts.filter(
  row =>
    row.file.startsWith('protocol/') ||
    row.test.startsWith('test/unit/') ||
    process.env.OWNSIGHT_LONG !== undefined,
)

describe('conformance: without its check, the test of each MUST dies', function () {
  this.timeout(quick.length * 4000)

  it(`all ${quick.length} of them`, async () => {
    const survivors: string[] = []
    await prove(quick, {
      jobs: 2,
      say: ({ row, dies, why }) => {
        if (!dies) survivors.push(`${row.must} ${row.removes}: ${why}`)
      },
    })
    assert.deepEqual(survivors, [])
  })

  it('a row whose check is not removed is told apart: the proof itself can fail', async () => {
    const [row] = musts
    assert.ok(row)
    const [unchanged] = await prove([{ ...row, replace: row.find }], { jobs: 1, say: () => {} })
    assert.match(unchanged?.why ?? '', /passes without the check/)
    const [stale] = await prove([{ ...row, find: 'no such text' }], { jobs: 1, say: () => {} })
    assert.match(stale?.why ?? '', /no longer holds the text/)
    const [unnamed] = await prove([{ ...row, grep: 'no such test' }], { jobs: 1, say: () => {} })
    assert.match(unnamed?.why ?? '', /no test of/)
    const [broken] = await prove([{ ...row, replace: 'syntax error (' }], { jobs: 1, say: () => {} })
    assert.match(broken?.why ?? '', /nothing ran/)
    assert.deepEqual(
      [unchanged?.dies, stale?.dies, unnamed?.dies, broken?.dies],
      [false, false, false, false],
    )
  })
})
