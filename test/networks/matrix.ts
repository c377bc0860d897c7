import type { Family } from '../netlab/addresses.ts'
import { createLab, type HomeOptions } from '../netlab/lab.ts'
import { openLabHouse } from '../netlab/lab-house.ts'
import { NAT_KINDS, type NatKind } from '../netlab/nat.ts'
import { testId, untilState, watch } from '../support/app.ts'

export type Way = 'direct' | 'relayed' | 'none'
export type Cell = { camera: HomeOptions; viewer: HomeOptions }
export type CellResult = Cell & { expected: Way; found: Way; ms: number }

const SOURCE = { kind: 'test-pattern', width: 320, height: 180, fps: 10 }

/**
 * RFC 8445 gets through wherever one side's mapping can be known to the other: only two boxes that both give each
 * destination a port of its own, or one that does and one that lets in nothing but known ports, need a relay.
 */
export function expectedWay({ camera, viewer }: Cell): Way {
  if (camera.udp === 'blocked' || viewer.udp === 'blocked') return 'relayed'
  const kinds = [camera.nat, viewer.nat]
  const symmetric = kinds.filter(kind => kind === 'symmetric').length
  return symmetric === 2 || (symmetric === 1 && kinds.includes('port-restricted')) ? 'relayed' : 'direct'
}

/** Every pair of boxes with UDP open, and with UDP blocked where the viewer is. */
export const natCells = (kinds: readonly NatKind[] = NAT_KINDS): Cell[] =>
  (['open', 'blocked'] as const).flatMap(udp =>
    kinds.flatMap(camera => kinds.map(viewer => ({ camera: { nat: camera }, viewer: { nat: viewer, udp } }))),
  )

/** UDP blocked at the camera, at both ends, all but port 443 closed; the other families of addresses. */
export const otherCells = (): Cell[] => [
  { camera: { nat: 'port-restricted', udp: 'blocked' }, viewer: { nat: 'port-restricted' } },
  { camera: { nat: 'symmetric', udp: 'blocked' }, viewer: { nat: 'symmetric', udp: 'blocked' } },
  ...(['ipv6', 'dual'] as const).flatMap((family: Family) => [
    { camera: { nat: 'open', family }, viewer: { nat: 'open', family } } as Cell,
    { camera: { nat: 'port-restricted', family }, viewer: { nat: 'port-restricted', family } } as Cell,
    {
      camera: { nat: 'port-restricted', family },
      viewer: { nat: 'port-restricted', family, udp: 'blocked' },
    } as Cell,
  ]),
]

/** One tap on "Door" with these two boxes between: the way the picture came, and how long it took. */
export async function tryCell(cell: Cell): Promise<CellResult> {
  const expected = expectedWay(cell)
  const family = cell.viewer.family === 'ipv6' ? 'ipv6' : 'ipv4'
  const lab = await createLab({ homes: { camera: cell.camera, viewer: cell.viewer } })
  try {
    const house = await openLabHouse(lab, { family, agent: { cameras: [{ name: 'Door', source: SOURCE }] } })
    try {
      await house.agent.report(report => report.event === 'relay')
      const start = performance.now()
      await watch(house.page, 'Door')
      await untilState(house.page, 'live', 30_000)
      const ms = Math.round(performance.now() - start)
      const path = testId(house.page, 'path')
      await path.waitFor()
      const found = /^Direct/.test((await path.textContent()) ?? '') ? 'direct' : 'relayed'
      return { ...cell, expected, found, ms }
    } catch {
      return { ...cell, expected, found: 'none', ms: 0 }
    } finally {
      await house.close()
    }
  } finally {
    await lab.close()
  }
}
