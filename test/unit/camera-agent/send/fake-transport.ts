import type { RtpFields } from '@ownsight/camera-agent/rtc/send/rtp-fields'

export type RtpHeader = {
  timestamp: number
  marker: boolean
  ssrc: number
  sequenceNumber: number
  payloadType: number
  extensions: { payload: Buffer }[]
}
export type Written = { header: RtpHeader; payload: Buffer; at: number }

/** werift's transport as far as it is used, with the viewer's side in the test's hands. */
export function fakeTransport() {
  const handlers: ((state: string) => void)[] = []
  const rtp: Written[] = []
  const reports: Buffer[] = []
  return {
    rtp,
    reports,
    state: 'connecting',
    srtcp: undefined as undefined | { decrypt(packet: Buffer): Buffer },
    onStateChange: {
      execute: () => undefined,
      subscribe: (handler: (state: string) => void) => {
        handlers.push(handler)
        return { unSubscribe: () => undefined }
      },
    },
    /** in the place of SRTP and ICE */
    openPath: () => ({
      send: ({ payload, wide, sequence, ssrc, payloadType, timestamp, marker }: RtpFields) => {
        const extensions = wide === undefined ? [] : [{ payload: Buffer.from([wide >> 8, wide & 0xff]) }]
        const header = { timestamp, marker, ssrc, sequenceNumber: sequence, payloadType, extensions }
        rtp.push({ payload, header, at: performance.now() })
      },
    }),
    async sendRtcp(packets: { serialize(): Buffer }[]) {
      reports.push(...packets.map(packet => packet.serialize()))
    },
    connect() {
      this.state = 'connected'
      this.srtcp = { decrypt: packet => packet }
      for (const handler of handlers) handler('connected')
    },
    /** @returns what is left for werift */
    hear(packet: Buffer): Buffer | undefined {
      return this.srtcp?.decrypt(packet)
    },
  }
}
