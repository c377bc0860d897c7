import * as v from 'valibot'

export type SourceConfig =
  | {
      kind: 'rtsp'
      url: string
      /** The camera's own smaller stream, for viewers on slow links. */
      sub?: string | undefined
    }
  | { kind: 'file'; path: string }
  | {
      kind: 'test-pattern'
      /** Pixels; even. Default 1280 × 720. */
      width?: number | undefined
      height?: number | undefined
      /** Pictures per second; default 20. */
      fps?: number | undefined
      /** base64url key of the mark's MAC; absent means random for each run. */
      mark?: { key: string } | undefined
      /** Noise over the picture, so that it takes what bit rate it is given: steps of luma, default 0. */
      grain?: number | undefined
      /** A beep of 1 kHz in the first tenth of each second, while the bars flash: to see whether sound fits picture. */
      tone?: boolean | undefined
    }

/** A source setting that cannot be used. Names where it stands and what to write instead, never its value. */
export class SourceConfigError extends Error {
  override readonly name = 'SourceConfigError'
  readonly path: string
  constructor(path: string, remedy: string) {
    super(`${path}: ${remedy}`)
    this.path = path
  }
}

const even = (low: number, high: number) =>
  v.pipe(
    v.number('give a number'),
    v.check(
      value => Number.isInteger(value) && value % 2 === 0 && value >= low && value <= high,
      `give an even number from ${low} to ${high}`,
    ),
  )

const rtspUrl = v.pipe(
  v.string('give a URL like rtsp://user:password@192.0.2.10/stream'),
  v.maxLength(2048, 'give at most 2048 characters'),
  v.check(isRtspUrl, 'give a URL like rtsp://user:password@192.0.2.10/stream'),
)

const filePath = v.pipe(
  v.string('give the path of a video file'),
  v.minLength(1, 'give the path of a video file'),
  v.maxLength(4096, 'give at most 4096 characters'),
  v.check(value => !value.includes('\0'), 'give a path without a zero byte'),
)

const schema = v.variant(
  'kind',
  [
    v.strictObject({ kind: v.literal('rtsp'), url: rtspUrl, sub: v.optional(rtspUrl) }),
    v.strictObject({ kind: v.literal('file'), path: filePath }),
    v.strictObject({
      kind: v.literal('test-pattern'),
      width: v.optional(even(160, 1920)),
      height: v.optional(even(90, 1080)),
      fps: v.optional(
        v.pipe(v.number('give a number'), v.minValue(1, 'give 1 to 30'), v.maxValue(30, 'give 1 to 30')),
      ),
      grain: v.optional(
        v.pipe(v.number('give a number'), v.minValue(0, 'give 0 to 64'), v.maxValue(64, 'give 0 to 64')),
      ),
      tone: v.optional(v.boolean('give true or false')),
      mark: v.optional(
        v.strictObject({
          key: v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{22,86}$/, 'give 16 to 64 bytes as base64url')),
        }),
      ),
    }),
  ],
  'give one of the kinds rtsp, file, test-pattern',
)

/**
 * The `source` section of the camera agent's configuration.
 * @throws {SourceConfigError} naming the first fault's place under `path` and its remedy.
 */
export function parseSource(value: unknown, path: string): SourceConfig {
  const result = v.safeParse(schema, value, { abortEarly: true })
  if (result.success) return result.output
  const [issue] = result.issues
  const place = [path, v.getDotPath(issue)].filter(Boolean).join('.')
  const unknownKey = issue.type === 'strict_object' && issue.expected === 'never'
  throw new SourceConfigError(place, unknownKey ? 'remove this unknown key' : missing(issue.message))
}

const missing = (message: string) =>
  message.startsWith('Invalid') ? 'give this key a value of the right type' : message

function isRtspUrl(value: string): boolean {
  if (!URL.canParse(value) || /\s/.test(value)) return false
  const url = new URL(value)
  return url.protocol === 'rtsp:' && url.hostname !== '' && url.hash === ''
}

/** The camera's own smaller stream, as a source by itself. */
export function subOf(config: SourceConfig): SourceConfig | undefined {
  return config.kind === 'rtsp' && config.sub ? { kind: 'rtsp', url: config.sub } : undefined
}
