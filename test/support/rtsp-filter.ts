import { connect, type Socket } from 'node:net'

/** What is wrong with a camera's second stream: it may not be had, or nothing ever comes of it. */
export type SoundFault = 'refused' | 'mute'

const DOLLAR = 0x24
/** RTP and RTCP of the second stream that is set up over TCP (RFC 2326 §10.12). */
const SECOND_CHANNELS = [2, 3]

/** Stands between a client and the RTSP server at `port` of this machine: a camera with such a fault. */
export function faultySound(port: number, fault: SoundFault): (client: Socket) => void {
  return client => {
    const server = connect(port, '127.0.0.1')
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const)
      one.on('error', () => {}).on('close', () => other.destroy())
    client.on('data', data => {
      const setup = /^SETUP \S*stream=1 [\s\S]*?CSeq: (\d+)/.exec(data.toString('latin1'))
      if (setup && fault === 'refused') client.write(`RTSP/1.0 461 Refused\r\nCSeq: ${setup[1]}\r\n\r\n`)
      else server.write(data)
    })
    const pass = fault === 'mute' ? withoutSecond(bytes => client.write(bytes)) : undefined
    server.on('data', (data: Buffer) => {
      if (pass) pass(data)
      else client.write(data)
    })
  }
}

/** Leaves the packets of the second stream out of a server's bytes. */
function withoutSecond(onBytes: (bytes: Buffer) => void): (data: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0)
  return data => {
    rest = Buffer.concat([rest, data])
    for (;;) {
      const length = lengthOf(rest)
      if (length === undefined || rest.length < length) return
      const isSecond = rest[0] === DOLLAR && SECOND_CHANNELS.includes(rest[1] ?? 0)
      if (!isSecond) onBytes(rest.subarray(0, length))
      rest = rest.subarray(length)
    }
  }
}

/** Bytes of the packet or reply that begins here; undefined while that cannot be told. */
function lengthOf(bytes: Buffer): number | undefined {
  if (bytes.length < 4) return undefined
  if (bytes[0] === DOLLAR) return 4 + bytes.readUInt16BE(2)
  const head = bytes.indexOf('\r\n\r\n')
  if (head < 0) return undefined
  const body = /Content-Length: (\d+)/i.exec(bytes.toString('latin1', 0, head))?.[1]
  return head + 4 + Number(body ?? 0)
}
