import { createSocket } from 'node:dgram'

/**
 * Both ends of a measurement, each a process in its namespace: a stream of numbered UDP packets with their time of
 * sending. Both are on one machine and read one clock.
 *
 *   meter.ts receive ADDRESS PORT            prints "listening"; at the end of stdin, what came, as JSON
 *   meter.ts send ADDRESS PORT COUNT SIZE PER_SECOND
 */
const HEADER = 12
const IP_AND_UDP = 28

/** What came of `count` packets. Delays in ms, one way; sizes as the link counts them, with IP and UDP headers. */
export type Received = {
  readonly packets: number
  readonly duplicates: number
  readonly reordered: number
  /** mean length of what was lost in a row */
  readonly meanBurst: number
  readonly delay: { min: number; p50: number; p95: number; p99: number; max: number }
  readonly kbit: number
}

/** Monotonic, the same in every process. */
const now = (): number => Number(process.hrtime.bigint()) / 1e6

function receive(address: string, port: number): void {
  const arrivals: { id: number; at: number; delay: number; size: number }[] = []
  const socket = createSocket({ type: 'udp4', recvBufferSize: 1 << 22 })
  socket.on('message', bytes => {
    const at = now()
    const size = bytes.length + IP_AND_UDP
    arrivals.push({ id: bytes.readUInt32BE(0), at, delay: at - bytes.readDoubleBE(4), size })
  })
  socket.bind(port, address, () => console.log('listening'))
  process.stdin
    .on('end', () => {
      process.stdout.write(`${JSON.stringify(summary(arrivals))}\n`, () => process.exit())
    })
    .resume()
}

function summary(arrivals: { id: number; at: number; delay: number; size: number }[]): Received {
  const seen = new Set<number>()
  let [highest, reordered, duplicates, bytes] = [-1, 0, 0, 0]
  for (const { id, size } of arrivals) {
    bytes += size
    if (seen.has(id)) duplicates++
    else if (id < highest) reordered++
    seen.add(id)
    highest = Math.max(highest, id)
  }
  const gaps: number[] = []
  let gap = 0
  for (let id = 0; id <= highest; id++)
    if (!seen.has(id)) gap++
    else if (gap > 0) {
      gaps.push(gap)
      gap = 0
    }
  const delays = arrivals.map(each => each.delay).sort((a, b) => a - b)
  const at = (share: number): number =>
    delays[Math.max(0, Math.ceil(share * delays.length) - 1)] ?? Number.NaN
  const time = (arrivals.at(-1)?.at ?? 0) - (arrivals[0]?.at ?? 0)
  return {
    packets: seen.size,
    duplicates,
    reordered,
    meanBurst: gaps.length === 0 ? 0 : gaps.reduce((a, b) => a + b, 0) / gaps.length,
    delay: { min: at(0), p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) },
    kbit: ((bytes - (arrivals[0]?.size ?? 0)) * 8) / time,
  }
}

/** Evenly, by the clock: what a late timer missed is sent at once. */
function send(address: string, port: number, count: number, size: number, perSecond: number): void {
  const socket = createSocket('udp4')
  let start = 0
  let sent = 0
  const more = (): void => {
    start ||= now()
    const due = Math.min(count, 1 + Math.floor(((now() - start) * perSecond) / 1000))
    for (; sent < due; sent++) {
      const bytes = Buffer.alloc(Math.max(HEADER, size - IP_AND_UDP))
      bytes.writeUInt32BE(sent, 0)
      bytes.writeDoubleBE(now(), 4)
      socket.send(bytes, sent === count - 1 ? () => socket.close() : undefined)
    }
    if (sent < count) setTimeout(more, 1)
  }
  socket.connect(port, address, more)
}

const [role, address = '', ...numbers] = process.argv.slice(2)
const [port = 0, count = 0, size = 0, perSecond = 0] = numbers.map(Number)
if (role === 'receive') receive(address, port)
else send(address, port, count, size, perSecond)
