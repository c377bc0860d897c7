import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { type Clip, readClip } from './clip.ts'
import type { FromSender, SenderStats, ToSender } from './messages.ts'

export type SenderSide = {
  /** @returns the answer, or why this viewer is refused; `ready` is to be called once the way is open */
  accept(
    id: number,
    sdp: string,
    ready: () => void,
  ): Promise<{ sdp: string } | { code: string; reason: string }>
  drop(id: number): Promise<void>
  play(clip: Clip): void
  stats(): Omit<SenderStats, 'refused' | 'rssBytes'>
}

/** The common part of the senders written in JavaScript: the clip is the file that their first argument names. */
export function runSender(side: SenderSide): void {
  const clip = readClip(readFileSync(process.argv[2] ?? ''))
  let refused = 0
  const say = (message: FromSender): void => void process.stdout.write(`${JSON.stringify(message)}\n`)
  const accept = async (id: number, sdp: string): Promise<void> => {
    const reply = await side.accept(id, sdp, () => say({ is: 'ready', id }))
    if ('sdp' in reply) return say({ is: 'answer', id, sdp: reply.sdp })
    refused++
    say({ is: 'refused', id, ...reply })
  }
  const lines = createInterface({ input: process.stdin })
  lines.on('line', line => {
    const message = JSON.parse(line) as ToSender
    if (message.do === 'offer') void accept(message.id, message.sdp)
    if (message.do === 'drop') void side.drop(message.id)
    if (message.do === 'play') side.play(clip)
    if (message.do === 'stats')
      say({ is: 'stats', refused, rssBytes: process.memoryUsage.rss(), ...side.stats() })
  })
  lines.on('close', () => process.exit())
}
