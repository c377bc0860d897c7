import * as v from 'valibot'

/** What webcams and capture cards offer, by FFmpeg's names. */
export const DEVICE_FORMATS = ['mjpeg', 'h264', 'yuyv422', 'uyvy422', 'nv12', 'yuv420p'] as const

export type SourceConfig =
  | {
      kind: 'rtsp'
      url: string
      /** The camera's own smaller stream, for viewers on slow links. */
      sub?: string | undefined
      /** For `rtsps://`: path of a PEM file, the only authority that may have signed the camera's certificate. */
      ca?: string | undefined
      /** For `rtsps://`: SHA-256 of the camera's certificate, hexadecimal; no other is taken, whoever signed it. */
      fingerprint?: string | undefined
    }
  | {
      kind: 'v4l2'
      /** `/dev/video` and a number. */
      device: string
      /** What the device is asked for; its own choice when absent. */
      format?: (typeof DEVICE_FORMATS)[number] | undefined
      width?: number | undefined
      height?: number | undefined
      fps?: number | undefined
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

const rate = (most: number) =>
  v.pipe(v.number('give a number'), v.minValue(1, `give 1 to ${most}`), v.maxValue(most, `give 1 to ${most}`))

/** As `openssl x509 -fingerprint -sha256` prints it, or plain. */
const fingerprint = v.pipe(
  v.string('give the SHA-256 of the certificate'),
  v.transform(text => text.replaceAll(':', '').toLowerCase()),
  v.regex(/^[0-9a-f]{64}$/, 'give the SHA-256 of the certificate: 64 hexadecimal digits'),
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
    v.pipe(
      v.strictObject({
        kind: v.literal('rtsp'),
        url: rtspUrl,
        sub: v.optional(rtspUrl),
        ca: v.optional(filePath),
        fingerprint: v.optional(fingerprint),
      }),
      v.forward(
        v.check(
          ({ url, sub = url }) => isSecure(url) === isSecure(sub),
          'give rtsps:// for both streams, or for none',
        ),
        ['sub'],
      ),
      v.forward(
        v.check(
          ({ ca, fingerprint: pin, url }) => (ca ?? pin) === undefined || isSecure(url),
          'give a URL like rtsps://…: with rtsp:// nothing can be checked',
        ),
        ['url'],
      ),
      v.forward(
        v.check(
          ({ ca, fingerprint: pin }) => ca === undefined || pin === undefined,
          'give either `ca` or `fingerprint`',
        ),
        ['ca'],
      ),
    ),
    v.pipe(
      v.strictObject({
        kind: v.literal('v4l2'),
        device: v.pipe(
          v.string('give a device like /dev/video0'),
          v.regex(/^\/dev\/video\d{1,3}$/, 'give a device like /dev/video0'),
        ),
        format: v.optional(v.picklist(DEVICE_FORMATS, `give one of ${DEVICE_FORMATS.join(', ')}`)),
        width: v.optional(even(160, 7680)),
        height: v.optional(even(90, 4320)),
        fps: v.optional(rate(60)),
      }),
      v.forward(
        v.check(
          ({ width, height }) => (width === undefined) === (height === undefined),
          'give width and height, or neither',
        ),
        ['width'],
      ),
    ),
    v.strictObject({ kind: v.literal('file'), path: filePath }),
    v.strictObject({
      kind: v.literal('test-pattern'),
      width: v.optional(even(160, 1920)),
      height: v.optional(even(90, 1080)),
      fps: v.optional(rate(30)),
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
  'give one of the kinds rtsp, file, v4l2, test-pattern',
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
  return /^rtsps?:$/.test(url.protocol) && url.hostname !== '' && url.hash === ''
}

/** True for a stream whose certificate has to be judged. */
export const isSecure = (url: string): boolean => /^rtsps:/i.test(url)

/** The camera's own smaller stream, as a source by itself. */
export function subOf(config: SourceConfig): SourceConfig | undefined {
  if (config.kind !== 'rtsp' || !config.sub) return undefined
  const { sub: url, ...trust } = config
  return { ...trust, url }
}
