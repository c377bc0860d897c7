import { SOUND_CODECS, type SoundKind } from './media/sound.ts'
import type { RelayState } from './rtc/relay.ts'

/** What the agent tells the person or program that started it: text lines, or one JSON object per line. */

export type Report =
  | { event: 'started'; data: string }
  | { event: 'pairing-code'; camera: string; code: string; expires: number }
  | { event: 'pairing-interrupted'; camera: string }
  | { event: 'paired'; camera: string; phrase: string }
  | { event: 'online' | 'offline'; camera: string; note?: string }
  | { event: 'relay'; camera: string; state: Exclude<RelayState, 'none' | 'trying'> }
  | { event: 'source'; camera: string; state: string; sound?: SoundKind; note?: string }
  | { event: 'privacy'; camera: string; on: boolean }
  | { event: 'released'; camera: string }
  | { event: 'watching'; camera: string; viewers: number }
  | { event: 'note'; note: string }

export type Reporter = (report: Report) => void

export const jsonReporter =
  (write: (line: string) => void): Reporter =>
  report =>
    write(`${JSON.stringify(report)}\n`)

/** @param drawQr draws the pairing code as a QR for the terminal */
export const textReporter =
  (write: (line: string) => void, drawQr: (code: string) => string): Reporter =>
  report =>
    write(`${sentence(report, drawQr)}\n`)

function sentence(report: Report, drawQr: (code: string) => string): string {
  switch (report.event) {
    case 'started':
      return `Camera agent is running; data in ${report.data}`
    case 'pairing-code':
      return [
        '',
        `Pair "${report.camera}": scan this in the viewer, or paste the line below it. Good for ten minutes, once.`,
        '',
        drawQr(report.code),
        report.code,
        '',
      ].join('\n')
    case 'pairing-interrupted':
      return `${report.camera}: pairing interrupted. Someone else may have seen the code. Start again to get a new one.`
    case 'paired':
      return `${report.camera}: paired. The viewer shows the same four words: ${report.phrase}`
    case 'online':
    case 'offline':
      return `${report.camera}: ${report.event}${report.note ? ` (${report.note})` : ''}`
    case 'relay':
      return `${report.camera}: ${RELAY_SENTENCES[report.state]}`
    case 'source':
      return `${report.camera}: source ${report.state}${soundOf(report.sound)}${report.note ? `: ${report.note}` : ''}`
    case 'privacy':
      return `${report.camera}: privacy ${report.on ? 'on: the source is closed, nobody can watch' : 'off'}`
    case 'released':
      return `${report.camera}: its owner has let it go. It has a new key and forgot everything; pair it again.`
    case 'watching':
      return `${report.camera}: ${report.viewers} watching`
    case 'note':
      return report.note
  }
}

/** What a source's sound comes as, and as what it goes where that is another form; to be put behind its state. */
export function soundOf(kind: SoundKind | undefined): string {
  if (kind === undefined) return ''
  const passes = (SOUND_CODECS as readonly string[]).includes(kind)
  return `, sound ${kind}${passes ? '' : ', sent as opus'}`
}

const RELAY_SENTENCES = {
  udp: 'a relay stands by for viewers that cannot be reached directly',
  tcp: 'a relay stands by over TCP: UDP does not get through from here to it',
  tls: 'a relay stands by over TLS: neither UDP nor plain TCP gets through from here to it',
  unreachable:
    'no relay can be reached from here: viewers elsewhere may not get a picture; ownsight-camera doctor says why',
}
