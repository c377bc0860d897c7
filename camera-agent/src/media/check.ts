import type { Obstacle } from './h264-playable.ts'
import type { SoundKind } from './sound.ts'
import { openSource } from './source.ts'
import { type SourceConfig, subOf } from './source-config.ts'
import { SOURCE_NOTES, type SourceCode, type SourceStatus, transcodingNote } from './source-status.ts'
import { TIER_LIMITS } from './tier.ts'

const DEADLINE_MS = 12_000

/**
 * Opens the source once, waits for its first picture, closes it, and says in one sentence what came of it; the same for
 * its sub stream.
 */
export async function checkSource(config: SourceConfig, withSound = true): Promise<SourceStatus> {
  const status = await checkOne(config, withSound)
  const sub = subOf(config)
  if (status.state !== 'live' || !sub) return status
  const { state, code, transcoding } = await checkOne(sub, withSound)
  if (state === 'live' && !transcoding) return status
  const why = code ? SOURCE_NOTES[code] : 'Browsers cannot play it as it is.'
  return { ...status, note: [status.note, `Its sub stream is of no use: ${why}`].filter(Boolean).join(' ') }
}

async function checkOne(config: SourceConfig, withSound: boolean): Promise<SourceStatus> {
  const { promise, resolve } = Promise.withResolvers<SourceStatus>()
  let obstacle: Obstacle | undefined
  let late: SourceCode = 'timeout'
  let kind: SoundKind = 'none'
  const source = openSource(
    config,
    { cameraName: 'check', camId: 'check', sound: withSound },
    [{ codec: 'h264', tier: 'source', bps: TIER_LIMITS.source.start }],
    {
      opened: value => {
        obstacle = value
      },
      waiting: () => {
        late = 'no_key'
      },
      soundIs: value => {
        kind = value
      },
      frame: () =>
        resolve({
          state: 'live',
          ...(obstacle ? { transcoding: true, obstacle, note: transcodingNote(obstacle) } : {}),
          ...(kind === 'none' ? {} : { sound: kind }),
        }),
      rate: () => {},
      size: () => {},
      encoder: () => {},
      behind: () => {},
      ended: code => resolve({ state: 'failed', code, note: SOURCE_NOTES[code] }),
    },
  )
  const isLate = () => resolve({ state: 'failed', code: late, note: SOURCE_NOTES[late] })
  const timer = setTimeout(isLate, DEADLINE_MS)
  const status = await promise
  clearTimeout(timer)
  await source.close()
  return status
}
