/**
 * What a camera sends (PROTOCOL.md §9): an offer of just that is a third as long to sign, carry and parse, and says no more
 * of the browser.
 */
const CODECS = {
  audio: ['audio/opus', 'audio/pcmu', 'audio/pcma'],
  video: ['video/h264', 'video/vp8', 'video/vp9', 'video/rtx'],
} as const
/** Lost packets come again in this form: a browser that does not list it is left as it is. */
const REPAIR = 'video/rtx'

/** Narrows the sections for picture and sound, where the browser lets a page do that. Their order stays. */
export function preferKnownCodecs(pc: RTCPeerConnection): void {
  for (const kind of ['audio', 'video'] as const) {
    const known: readonly string[] = CODECS[kind]
    const transceiver = pc.getTransceivers().find(({ receiver }) => receiver.track.kind === kind)
    const codecs = RTCRtpReceiver.getCapabilities?.(kind)?.codecs?.filter(({ mimeType }) =>
      known.includes(mimeType.toLowerCase()),
    )
    const names = codecs?.map(({ mimeType }) => mimeType.toLowerCase()) ?? []
    if (!codecs?.length || (kind === 'video' && (names.length === 1 || !names.includes(REPAIR)))) continue
    transceiver?.setCodecPreferences?.(codecs)
  }
}
