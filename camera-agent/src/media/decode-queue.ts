import type { Frame, Packet } from 'node-av/lib'
import type { Decoder } from './decoder.ts'

/** Packets that may wait; beyond that the decoder leaves out the rest of the group. */
const MAX_WAITING = 60

type Job = { packet: Packet; shown: boolean } | 'flush' | 'close'
type OnPicture = (picture: Frame, ticks: number) => Promise<void>

/**
 * Decodes beside the reading of the source, never in its way: what is passed through goes on at its own pace however
 * slow this machine decodes. The first fault of the decoder is thrown at the next `push`.
 */
export function createDecodeQueue(
  openDecoder: () => Promise<Decoder>,
  onPicture: OnPicture,
  onClosed: () => void,
  load: (work: () => Promise<void>) => Promise<void>,
) {
  let decoder: Decoder | undefined
  let jobs: Job[] = []
  let open = false
  let working = false
  let skipping = false
  let fault: unknown

  const decode = async ({ packet, shown }: Exclude<Job, string>) => {
    decoder ??= await openDecoder()
    await decoder.decode(packet, shown ? onPicture : async () => {})
    packet.free()
  }
  const work = async () => {
    if (working) return
    working = true
    try {
      for (let job = jobs.shift(); job; job = jobs.shift()) {
        const now = job
        if (typeof now !== 'string') await load(() => decode(now))
        else if (now === 'flush') decoder?.flush()
        else {
          decoder?.close()
          decoder = undefined
          onClosed()
        }
      }
    } catch (error) {
      fault = error
    }
    working = false
  }
  const add = (job: Job) => {
    jobs.push(job)
    void work()
  }
  const forget = () => {
    for (const job of jobs) if (typeof job !== 'string') job.packet.free()
    jobs = jobs.filter(job => typeof job === 'string')
  }
  return {
    isOpen: () => open,
    /** Takes a packet of its own, its pts in ticks; one that is not `shown` is there for those after it. */
    push: (packet: Packet | null, key: boolean, shown = true) => {
      if (fault) throw fault
      if (!packet) return
      open = true
      if (jobs.filter(job => typeof job !== 'string' && job.shown).length > MAX_WAITING) {
        forget()
        skipping = true
      }
      if (skipping && !key) return packet.free()
      if (skipping) add('flush')
      skipping = false
      add({ packet, shown })
    },
    /** What follows has nothing to do with what came before. */
    flush: () => add('flush'),
    close: () => {
      if (!open) return
      open = false
      skipping = false
      forget()
      add('close')
    },
  }
}
