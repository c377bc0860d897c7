/** Times as a person reads them. */

const moment = new Intl.DateTimeFormat('en', {
  month: 'short',
  day: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  hourCycle: 'h23',
})

/** @param seconds since the epoch */
export const momentOf = (seconds: number): string => moment.format(seconds * 1000)

/** @param at milliseconds since the epoch */
export function ago(at: number, now: number): string {
  const minutes = Math.floor((now - at) / 60_000)
  if (minutes < 1) return 'just now'
  if (minutes < 60) return `${minutes} min ago`
  const hours = Math.floor(minutes / 60)
  return hours < 24 ? `${hours} h ago` : `on ${momentOf(at / 1000)}`
}

/** "from Nov 21, 14:00 until Nov 28, 14:00", or empty */
export function span(from: number | undefined, until: number | undefined): string {
  const parts = [
    ...(from === undefined || from * 1000 <= Date.now() ? [] : [`from ${momentOf(from)}`]),
    ...(until === undefined ? [] : [`until ${momentOf(until)}`]),
  ]
  return parts.join(' ')
}

const clock = new Intl.DateTimeFormat('en', {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
})

/** "14:03:22", by this device's time zone. @param at milliseconds since the epoch */
export const clockOf = (at: number): string => clock.format(at)

/** "12 s ago", "3 min ago" */
export const agePhrase = (seconds: number): string =>
  seconds < 60 ? `${seconds} s ago` : `${Math.floor(seconds / 60)} min ago`
