import { openSource } from './source.ts'
import { type SourceConfig, subOf } from './source-config.ts'
import { SOURCE_NOTES, type SourceStatus, TRANSCODING_NOTE } from './source-status.ts'
import { TIER_LIMITS } from './tier.ts'

const DEADLINE_MS = 12_000

/**
 * Opens the source once, waits for its first picture, closes it, and says in one sentence what came of it; the same for
 * its sub stream.
 */
export async function checkSource(config: SourceConfig): Promise<SourceStatus> {
  const status = await checkOne(config)
  const sub = subOf(config)
  if (status.state !== 'live' || !sub) return status
  const { state, code, transcoding } = await checkOne(sub)
  if (state === 'live' && !transcoding) return status
  const why = code ? SOURCE_NOTES[code] : 'Browsers cannot play it as it is.'
  return { ...status, note: [status.note, `Its sub stream is of no use: ${why}`].filter(Boolean).join(' ') }
}

async function checkOne(config: SourceConfig): Promise<SourceStatus> {
  const { promise, resolve } = Promise.withResolvers<SourceStatus>()
  let transcoding = false
  const source = openSource(
    config,
    { cameraName: 'check', camId: 'check' },
    [{ codec: 'h264', tier: 'source', bps: TIER_LIMITS.source.start }],
    {
      opened: value => {
        transcoding = value
      },
      frame: () =>
        resolve(transcoding ? { state: 'live', transcoding, note: TRANSCODING_NOTE } : { state: 'live' }),
      rate: () => {},
      behind: () => {},
      ended: code => resolve({ state: 'failed', code, note: SOURCE_NOTES[code] }),
    },
  )
  const late: SourceStatus = { state: 'failed', code: 'timeout', note: SOURCE_NOTES.timeout }
  const timer = setTimeout(resolve, DEADLINE_MS, late)
  const status = await promise
  clearTimeout(timer)
  await source.close()
  return status
}
