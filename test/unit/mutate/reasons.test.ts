import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Mutant, mutantOf } from '../../mutate/mutant.ts'
import { renderPage } from '../../mutate/page.ts'
import type { Reason } from '../../mutate/reason.ts'
import { reasonOf, reasons, staleReasons } from '../../mutate/reasons.ts'
import { closing, enoughDied } from '../../mutate/report.ts'

const source = "if (a > b) {\n  throw new Error(\n    'x'\n  )\n}\n"
const reported = {
  fileName: '/t/a.ts',
  mutatorName: 'EqualityOperator',
  replacement: 'a >= b',
  status: 'Survived',
}
const at = (line: number, column: number, endLine: number, endColumn: number) => ({
  start: { line, column },
  end: { line: endLine, column: endColumn },
})

describe('mutants: reasons', () => {
  const mutant = mutantOf({ ...reported, location: at(1, 5, 1, 10) }, 'a.ts', source)!
  const reason: Reason = {
    file: 'a.ts',
    line: 'if (a > b) {',
    change: 'a > b → a >= b',
    kind: 'equivalent',
    why: 'both are the same then',
  }

  it('a mutant says what stood there and what stands there now', () => {
    assert.deepEqual([mutant.from, mutant.to, mutant.text], ['a > b', 'a >= b', 'if (a > b) {'])
    const block = mutantOf({ ...reported, replacement: '{}', location: at(1, 12, 5, 2) }, 'a.ts', source)!
    assert.equal(block.from, "{ throw new Error( 'x' ) }")
  })

  it('one that was not tried is none', () => {
    const untried = { ...reported, status: 'CompileError', location: at(1, 5, 1, 10) }
    assert.equal(mutantOf(untried, 'a.ts', source), undefined)
  })

  it('a reason stays with its line when that moves, and goes when it changes', () => {
    const moved = mutantOf({ ...reported, location: at(3, 7, 3, 12) }, 'a.ts', `\n\n  ${source}`)!
    assert.equal(reasonOf(moved, [reason]), reason)
    assert.equal(reasonOf({ ...moved, text: 'if (a > b || c) {' }, [reason]), undefined)
  })

  it('a reason is for its file and its change; without one, for all changes of the line', () => {
    assert.equal(reasonOf({ ...mutant, file: 'b.ts' }, [reason]), undefined)
    assert.equal(reasonOf({ ...mutant, to: 'a < b' }, [reason]), undefined)
    const { change, ...whole } = reason
    assert.deepEqual(reasonOf({ ...mutant, to: 'a < b' }, [whole]), whole)
    assert.ok(change)
  })

  it('a reason whose mutant died is named, where its file was tried', () => {
    assert.deepEqual(staleReasons([], new Set(['a.ts']), [reason]), [reason])
    assert.deepEqual(staleReasons([], new Set(['b.ts']), [reason]), [])
    assert.deepEqual(staleReasons([mutant], new Set(['a.ts']), [reason]), [])
  })

  it('each is for a line that its source has', () => {
    const root = join(import.meta.dirname, '../../..')
    const linesOf = (file: string): string[] => readFileSync(join(root, file), 'utf8').split('\n')
    for (const { file, line } of reasons)
      assert.ok(
        linesOf(file).some(each => each.trim() === line),
        `${file}: ${line}`,
      )
  })

  it('none is given twice', () => {
    const keys = reasons.map(({ file, line, change }) => `${file} ${line} ${change}`)
    assert.equal(new Set(keys).size, keys.length)
  })
})

describe('mutants: the verdict', () => {
  const dead = {
    file: 'a.ts',
    fate: 'killed',
    text: 'x',
    from: 'x',
    to: 'y',
    line: 1,
    operator: 'o',
  } as const
  const many = (killed: number, of: number): Mutant[] =>
    Array.from({ length: of }, (_, i) => ({ ...dead, fate: i < killed ? 'killed' : 'survived' }))

  it('is 90 % of all, with or without reasons', () => {
    assert.ok(enoughDied(many(9, 10)))
    assert.ok(!enoughDied(many(899, 1000)))
    assert.ok(!enoughDied([]))
    assert.match(closing(many(8999, 10_000)), /^8999 of 10000 mutants died \(89\.9 %\), 1001 survive/)
  })

  it('counts what no test reaches as alive, and what never ends as dead', () => {
    assert.match(closing([dead, { ...dead, fate: 'uncovered' }]), /^1 of 2/)
    assert.match(closing([dead, { ...dead, fate: 'timeout' }]), /^2 of 2/)
    assert.match(closing([dead, { ...dead, fate: 'error' }]), /^1 of 2/)
  })

  it('the page names each survivor', () => {
    const page = renderPage([dead, { ...dead, fate: 'survived', from: 'lives' }], '2026-01-01, a machine', 3)
    assert.match(page, /## Survivors without a reason\n- `a\.ts:1 {2}lives → y`/)
    assert.match(page, /2026-01-01, a machine; 3 minutes\./)
  })
})
