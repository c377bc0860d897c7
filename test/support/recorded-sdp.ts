import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export type Recorded = { readonly name: string; readonly kind: 'offer' | 'answer'; readonly sdp: string }

const folder = join(import.meta.dirname, '../fixtures/sdp')

/** What record-sdp.ts has recorded. */
export const recorded: readonly Recorded[] = readdirSync(folder)
  .filter(file => file.endsWith('.sdp'))
  .sort()
  .map(file => ({
    name: file.slice(0, -'.sdp'.length),
    kind: file.includes('answer') ? 'answer' : 'offer',
    sdp: readFileSync(join(folder, file), 'utf8'),
  }))

export const recordedOffers = recorded.filter(({ kind }) => kind === 'offer')

/** The same description with a line put after its `index`th. */
export function withLine(sdp: string, index: number, line: string): string {
  const lines = sdp.split('\r\n')
  return [...lines.slice(0, index), line, ...lines.slice(index)].join('\r\n')
}

/** Where a line belongs to the session, and where to each section: the index after which to put it. */
export function places(sdp: string): number[] {
  const lines = sdp.split('\r\n')
  const sections = lines.flatMap((line, i) => (line.startsWith('m=') ? [i + 1] : []))
  return [lines.findIndex(line => line.startsWith('t=')) + 1, ...sections]
}
