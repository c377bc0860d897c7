import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { machine, table } from '../networks/report.ts'
import type { Camera } from './cameras.ts'
import type { Measured } from './measure.ts'

/** Between sound and picture; EBU R37 has -60 to +40 at the least. */
const APART_MS = 60
const PAGE = join(import.meta.dirname, '../../docs/SOURCES.md')
const HEAD = ['camera', 'served by', 'browser', 'picture', 'latency, ms', 'sound', 'sound after picture, ms']

/** `result`: a text says why it is not there */
export type Cell = { camera: Camera; browser: string; result: Measured | Error | string; absent: boolean }

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN

/** What is wrong with it, a line each. */
export function faultsOf({ camera, browser, result }: Cell): string[] {
  if (typeof result === 'string') return []
  const where = `${camera.name} in ${browser}`
  if (result instanceof Error) return [`${where}: ${result.message}`]
  const apart = result.apart ? median(result.apart) : 0
  const clocked = camera.clock && camera.sound
  const checks: [boolean, string][] = [
    [result.pictures > 0, 'no picture'],
    [!camera.clock || result.late.length > result.pictures / 2, 'its clock could not be read'],
    [result.unasked === 0, `${result.unasked} packets of sound that nobody asked for`],
    [result.audible !== false, 'no sound'],
    [!clocked || (result.apart?.length ?? 0) > result.seconds / 2, 'its beeps could not be heard'],
    [Math.abs(apart) <= APART_MS, `sound is ${Math.round(apart)} ms after its picture`],
  ]
  return checks.filter(([good]) => !good).map(([, fault]) => `${where}: ${fault}`)
}

/** Rows without their head, for progress. */
export const renderRows = (cells: readonly Cell[]): string =>
  cells.map(cell => `| ${row(cell).join(' | ')} |`).join('\n')

function row({ camera, browser, result }: Cell): string[] {
  const begin = [camera.name, camera.from, browser]
  if (typeof result === 'string') return [...begin, `not here: ${result}`, '', '', '']
  if (result instanceof Error) return [...begin, `**none**: ${result.message.split('\n')[0]}`, '', '', '']
  const { pictures, seconds, sizes, codecs, late, apart, audible, note } = result
  const rate = (pictures / seconds).toFixed(1)
  return [
    ...begin,
    `${codecs.video}, ${sizes.join(', ')}, ${rate}/s${note ? `; converted` : ''}`,
    late.length > 0 && camera.clock ? `${Math.round(median(late))} (p90 ${p90(late)})` : '–',
    audible === undefined ? 'none' : `${codecs.audio}${audible ? '' : ' **not heard**'}`,
    apart ? `${Math.round(median(apart))} (${apart.length} beeps)` : '–',
  ]
}

const p90 = (values: readonly number[]): number =>
  Math.round(values.toSorted((a, b) => a - b)[Math.ceil(values.length * 0.9) - 1] ?? Number.NaN)

/** docs/SOURCES.md, whole. */
export function writePage(cells: readonly Cell[]): void {
  const faults = cells.flatMap(faultsOf)
  writeFileSync(
    PAGE,
    `# Sources and browsers

Written by \`npm run sources\`: each camera is paired and watched in the real viewer, its sound is turned on, and what the
page shows is read for some seconds. Latency: from the making of a picture, whose time is drawn into it, to the moment
the browser means to show it, the camera's encoder and server included. Sound after picture: a beep begins with each
second of the day; how long it takes to be there, less the latency of the pictures, the median. Files and films have no
clock in them. "Converted" is what no browser plays as it comes; VP8 is what a Firefox without a decoder for H.264, as
the one measured here, is sent of anything. FFmpeg knows that a picture is whole when the next begins: of the latency
one picture's time is that, and sound is held back for it.

${machine()}

${table(HEAD, cells.map(row))}

${faults.length === 0 ? 'Nothing missing.' : faults.map(fault => `- ${fault}`).join('\n')}
`,
  )
}
