import { NAT_KINDS } from '../netlab/nat.ts'
import { type Cell, type CellResult, natCells, otherCells, tryCell } from './matrix.ts'
import { machine, table, write } from './report.ts'

const say = (line: string): void => void process.stdout.write(`${line}\n`)
const name = ({ nat = 'port-restricted', udp, family }: Cell['viewer']): string =>
  [nat, ...(family ? [family] : []), ...(udp === 'blocked' ? ['UDP blocked'] : [])].join(', ')

/** The whole matrix, one cell after another; false when one is not as it must be. */
export async function reportMatrix(): Promise<boolean> {
  const results: CellResult[] = []
  for (const cell of [...natCells(), ...otherCells()]) {
    const result = await tryCell(cell)
    results.push(result)
    const mark = result.found === result.expected ? '✔' : '✘'
    say(`${mark} camera ${name(cell.camera)} × viewer ${name(cell.viewer)}: ${result.found}, ${result.ms} ms`)
  }
  const wrong = results.filter(({ found, expected }) => found !== expected)
  const grids = (['open', 'blocked'] as const).map(udp => grid(results, udp))
  const others = results.slice(natCells().length)
  write(
    'nat matrix',
    [
      `${machine()}. Rows: the camera's box; columns: the viewer's. ms from the tap to LIVE in Chromium.`,
      `${results.length} cells, ${wrong.length} not as RFC 8445 allows.`,
      '\nUDP open:\n',
      grids[0],
      '\nUDP blocked where the viewer is:\n',
      grids[1],
      '\nBlocked elsewhere, and other addresses:\n',
      table(
        ['camera', 'viewer', 'way', 'ms'],
        others.map(({ camera, viewer, found, ms }) => [name(camera), name(viewer), found, String(ms)]),
      ),
    ].join('\n'),
  )
  return wrong.length === 0
}

function grid(results: readonly CellResult[], udp: 'open' | 'blocked'): string {
  const at = (camera: string, viewer: string): string => {
    const found = results.find(
      each => each.camera.nat === camera && each.viewer.nat === viewer && each.viewer.udp === udp,
    )
    return found ? `${found.found} ${found.ms}` : ''
  }
  return table(
    ['', ...NAT_KINDS],
    NAT_KINDS.map(camera => [camera, ...NAT_KINDS.map(viewer => at(camera, viewer))]),
  )
}
