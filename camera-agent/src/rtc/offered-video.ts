/** Codecs the camera can send, best first: what most browsers decode in hardware comes before what costs an encoder. */
export const VIDEO_CODECS = ['h264', 'vp8', 'vp9'] as const
export type VideoCodec = (typeof VIDEO_CODECS)[number]

type Format = { payloadType: string; codec: string; parameters: Map<string, string> }

/** Profiles of H.264 the camera's own encoder or an untouched stream may have: baseline, main, high. */
const H264_PROFILES = ['42', '4d', '64']

/**
 * Of the camera's codecs those that the offer takes in the form the camera sends: H.264 in several packets
 * (packetization-mode 1, RFC 6184 §6.2), VP9 of profile 0. The first format of a codec counts, as it does for the library.
 */
export function videoIn(offer: string): VideoCodec[] {
  const formats = formatsIn(offer)
  return VIDEO_CODECS.filter(codec => {
    const first = formats.find(format => format.codec === codec)
    return first !== undefined && isPlain(codec, first.parameters)
  })
}

function isPlain(codec: VideoCodec, parameters: Map<string, string>): boolean {
  if (codec === 'vp9') return (parameters.get('profile-id') ?? '0') === '0'
  if (codec === 'vp8') return true
  const profile = parameters.get('profile-level-id')?.slice(0, 2).toLowerCase() ?? '42'
  return parameters.get('packetization-mode') === '1' && H264_PROFILES.includes(profile)
}

/** The formats of the video section in its own order. */
function formatsIn(offer: string): Format[] {
  const section = offer.split(/\r?\nm=/).find(text => text.startsWith('video ')) ?? ''
  const [media = '', ...lines] = section.split(/\r?\n/)
  return media
    .split(' ')
    .slice(3)
    .flatMap(payloadType => {
      const codec = textAfter(lines, `a=rtpmap:${payloadType} `)?.split('/')[0]?.toLowerCase()
      const pairs = (textAfter(lines, `a=fmtp:${payloadType} `) ?? '')
        .split(';')
        .map(pair => pair.trim().split('='))
      const parameters = new Map(pairs.map(([name = '', value = '']) => [name.toLowerCase(), value]))
      return codec ? [{ payloadType, codec, parameters }] : []
    })
}

const textAfter = (lines: readonly string[], start: string): string | undefined =>
  lines.find(line => line.startsWith(start))?.slice(start.length)
