/** What a camera sends as sound (PROTOCOL.md §9): an offer of just that is shorter, and says no more of the browser. */
const CODECS = ['audio/opus', 'audio/pcmu', 'audio/pcma']

/** Narrows the section for sound, where the browser lets a page do that. Opus stays first. */
export function preferKnownCodecs(pc: RTCPeerConnection): void {
  const transceiver = pc.getTransceivers().find(({ receiver }) => receiver.track.kind === 'audio')
  const codecs = RTCRtpReceiver.getCapabilities?.('audio')?.codecs?.filter(({ mimeType }) =>
    CODECS.includes(mimeType.toLowerCase()),
  )
  if (codecs?.length) transceiver?.setCodecPreferences?.(codecs)
}
