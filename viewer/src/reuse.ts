import type { KeyPair, PublicKey } from '@ownsight/protocol/ids'
import { openHead, parseLine, readLines } from '@ownsight/protocol/log-chain'
import { sealRead } from '@ownsight/protocol/read'
import type { LiveSession } from './watch.ts'

/** Lines at the end of a log that are looked through: an invitation that waits is young. */
const TAIL = 200

/**
 * Invitations that a second device tried, by the camera's own log: when, in seconds since the epoch. Read inside a
 * live session, since the camera shows its log nowhere else.
 * @param upTo number of lines in the log, from the camera's status
 */
export async function findReused(
  camera: { camId: string; key: PublicKey },
  admin: KeyPair,
  session: Pick<LiveSession, 'request' | 'th'>,
  upTo: number,
): Promise<Map<string, number>> {
  const found = new Map<string, number>()
  const { camId, key } = camera
  for (let from = Math.max(0, upTo - TAIL), more = true; more; ) {
    const { read } = await sealRead(admin, { camId, what: 'log', th: session.th, from })
    const page = await session.request({ t: 'read', read })
    if (page?.t !== 'log' || page.lines.length === 0) return found
    const first = parseLine(page.lines[0] ?? '')
    const { entries, place } = await readLines({ i: first.i, h: first.ph }, page.lines)
    const head = await openHead(page.head, key, camId)
    if (!page.more && (head.i !== place.i || head.h !== place.h)) return found
    for (const entry of entries)
      if (entry.e === 'redeem' && entry.code === 'used') found.set(entry.inv, Math.floor(entry.t / 1000))
    from = place.i
    more = page.more
  }
  return found
}
