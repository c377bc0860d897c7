import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type LogEntry, logStart, readLines } from '@ownsight/protocol/log-chain'

/** The log of a camera as it lies on disk, whole and chained from its beginning; throws where it is not. */
export async function logOnDisk(folder: string, camId: string): Promise<LogEntry[]> {
  const names = readdirSync(folder).filter(name => name.endsWith('.jsonl'))
  const text = names
    .sort()
    .map(name => readFileSync(join(folder, name), 'utf8'))
    .join('')
  return (await readLines(await logStart(camId), text.split('\n').slice(0, -1))).entries
}
