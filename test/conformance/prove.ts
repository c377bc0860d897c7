import { readFileSync, writeFileSync } from 'node:fs'
import { musts } from './musts.ts'
import { pagePath, withTables } from './page.ts'
import { prove } from './proof.ts'

/**
 * `npm run musts`: removes each check of docs/PROTOCOL.md in turn and shows that its test fails.
 *   --short      rows of protocol/ only
 *   --only M-2.3 rows of one MUST
 *   --write      renders the tables of docs/PROTOCOL.md and stops
 */
const args = process.argv.slice(2)

if (args.includes('--write')) {
  writeFileSync(pagePath, withTables(readFileSync(pagePath, 'utf8')))
  console.log('docs/PROTOCOL.md: tables written')
} else {
  process.exitCode = await main()
}

async function main(): Promise<number> {
  const only = args.includes('--only') ? args[args.indexOf('--only') + 1] : undefined
  const rows = musts
    .filter(row => only === undefined || row.must === only || row.test.includes(only))
    .filter(row => !args.includes('--short') || row.file.startsWith('protocol/'))
  if (rows.length === 0) {
    console.error('no row is named so')
    return 1
  }
  const verdicts = await prove(rows, {
    jobs: 2,
    say: ({ row, dies, why }, done) => {
      const line = `${String(done).padStart(3)}/${rows.length} ${row.must.padEnd(7)} ${row.removes}`
      console.log(dies ? `${line}: dies` : `${line}: SURVIVES in ${row.file}: ${why}`)
    },
  })
  const survivors = verdicts.filter(verdict => !verdict.dies).length
  console.log(`${verdicts.length - survivors} die, ${survivors} survive`)
  return survivors === 0 ? 0 : 1
}
