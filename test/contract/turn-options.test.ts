import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Row } from '../netlab/turn-look.ts'
import { linesOf, optionTable, ROWS, rowOf } from '../netlab/turn-options.ts'
import { openTurnStage, RELAY, type TurnStage } from '../netlab/turn-stage.ts'
import { stopAll } from '../support/processes.ts'

const DOCUMENT = join(import.meta.dirname, '../../docs/TURN.md')
const HEADING = '## Each line, and how it is shown to be in force\n'

/**
 * Every line that the renderer can write: a real coturn that has it, and one from whose file it was taken away, are asked
 * the same. Only answers count, and what the programs do; the file is never read for it.
 */
describe('contract: each line of a rendered configuration is in force', function () {
  this.timeout(180_000)
  let stage: TurnStage
  before(() => {
    stage = openTurnStage()
  })
  after(async () => {
    await stage?.close()
    await stopAll()
  })

  const forms = (): string[] => [
    stage.render(),
    stage.render({ externalIp: [`203.0.113.77/${RELAY.ipv4}`, RELAY.ipv6] }),
    stage.render({ tls: undefined, totalKbit: undefined }),
  ]
  const lines = (): string[] => [...new Set(forms().flatMap(linesOf))]

  it('no line is without a probe, and no probe without a line', () => {
    const used = new Set(lines().map(rowOf))
    assert.deepEqual(
      ROWS.filter(row => !used.has(row)).map(({ name }) => name),
      [],
    )
    assert.throws(() => rowOf('a-new-option=1'), /no probe/)
  })

  /** @param gone whether the line is taken out of what coturn is given */
  function see(row: Row, line: string, gone: boolean): Promise<string> {
    const rendered = stage.render(row.change)
    const kept = rendered.split('\n').filter(each => !gone || each !== line)
    const [, alone = (text: string) => text] = row.alone ?? []
    return stage.serve(alone(kept.join('\n'), stage), coturn => row.look({ stage, coturn, line }))
  }

  for (const row of ROWS)
    it(`${row.name}: ${row.asks}`, async () => {
      const lines = linesOf(stage.render(row.change)).filter(line => rowOf(line) === row)
      assert.notEqual(lines.length, 0)
      for (const line of lines) {
        assert.equal(await see(row, line, false), row.yes, `with ${line}`)
        assert.equal(await see(row, line, true), row.no, `without ${line}`)
      }
      assert.equal(row.yes === row.no, row.same !== undefined)
    })

  it('docs/TURN.md has this table', () => {
    const text = readFileSync(DOCUMENT, 'utf8')
    const [before = '', after = ''] = text.split(HEADING)
    const table = /\n\|[\s\S]*?\n(?=\n|$)/.exec(after)?.[0] ?? ''
    const wanted = `\n${optionTable()}\n`
    if (process.env.OWNSIGHT_GOLDEN) writeFileSync(DOCUMENT, before + HEADING + after.replace(table, wanted))
    else assert.equal(table, wanted, 'OWNSIGHT_GOLDEN=1 writes it anew')
  })
})
