import { reportChanges } from './changes.ts'
import { reportCrowd } from './crowd.ts'
import { reportGrid, reportWholeGrid } from './grid-report.ts'
import { reportMatrix } from './matrix-report.ts'
import { reportMoves } from './moves.ts'
import { reportOpenings } from './opening.ts'
import { reportPlain } from './plain.ts'

const HELP = `npm run networks -- COMMAND: the product on bad networks, in a lab of this machine's own. Needs root.

  npm run networks -- matrix     every pair of NATs, UDP open and blocked, IPv6 and dual stack (some 12 minutes)
  npm run networks -- opening    100 openings at each of five shares of loss (some 15 minutes)
  npm run networks -- crowd [N]  50 viewers without a browser at once, or N, at five shares of loss (some 3 minutes)
  npm run networks -- moves      ten changes of address, three black holes of 30 s (some 5 minutes)
  npm run networks -- plain [N]  the same beside a plain werift and simple-peer pair, N moves of each (some 20 minutes)
  npm run networks -- changes    a sudden drop and its return, and a slow viewer beside a fast one (some 5 minutes)
  npm run networks -- grid [S]   twelve bad lines, a minute or S seconds each (some 15 minutes)
  npm run networks -- whole-grid 144 lines, ten seconds each (some 40 minutes)

Each writes its table to docs/NETWORKS.md with the date and the machine, and ends with 1 when a target is missed.
`

const COMMANDS: { [name: string]: (seconds?: number) => Promise<boolean> } = {
  matrix: reportMatrix,
  opening: reportOpenings,
  crowd: reportCrowd,
  moves: reportMoves,
  plain: reportPlain,
  changes: reportChanges,
  grid: reportGrid,
  'whole-grid': reportWholeGrid,
}

const [command = '', seconds] = process.argv.slice(2)
const run = COMMANDS[command]
if (!run) {
  const asked = command === '--help'
  ;(asked ? process.stdout : process.stderr).write(HELP)
  process.exit(asked ? 0 : 2)
}
process.exit((await run(seconds === undefined ? undefined : Number(seconds))) ? 0 : 1)
