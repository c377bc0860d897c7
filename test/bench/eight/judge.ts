import { type Course, courseOf, hasNotGrown, isFlat } from './flat.ts'
import type { Run, Sample } from './run.ts'
import { type Holding, sum } from './sample.ts'

type Row = { what: string; course: Course; unit: 'MB' | ''; isFine: boolean }

/** As the issue has it. */
const WITHIN = 0.1
/** Code is compiled and tables are filled in the beginning: this part of the samples is not judged. */
const WARMING = 0.2

const MEMORY: readonly [string, (holding: Holding) => number][] = [
  ['heap and buffers', ({ heap, outside }) => (heap + outside) / 1e6],
  ['resident memory', ({ rss }) => rss / 1e6],
]
const HANDLES: readonly [string, (holding: Holding) => number][] = [
  ['open files and sockets', ({ files }) => sum(files)],
  ['timers, sockets, pipes of Node', ({ resources }) => sum(resources)],
  ['child processes', ({ children }) => children],
  ['threads', ({ threads }) => threads],
]

/** How memory and handles of both programs went. */
export function coursesOf(samples: readonly Sample[]): Row[] {
  const warm = samples.slice(Math.ceil(samples.length * WARMING))
  const row = (what: string, unit: Row['unit'], of: (sample: Sample) => number): Row => {
    const course = courseOf(warm.map(of))
    const isFine = (unit === 'MB' ? hasNotGrown : isFlat)(course, WITHIN)
    return { what, unit, course, isFine }
  }
  return [
    ...(['agent', 'signaling'] as const).flatMap(program => [
      ...MEMORY.map(([name, of]) => row(`${program}: ${name}`, 'MB', sample => of(sample[program]))),
      ...HANDLES.map(([name, of]) => row(`${program}: ${name}`, '', sample => of(sample[program]))),
    ]),
    row('media process that is never ended', 'MB', ({ agent }) => agent.childrenRss / 1e6),
  ]
}

/** What is wrong with a run, in a line each. */
export function faultsOf({ figures, samples }: Run): string[] {
  const { crossed = 0, refused = 0 } = samples.at(-1)?.agent.counts ?? {}
  const { own, foreign, unread, heard, served, expected, unserved, faults } = figures
  const grown = coursesOf(samples).filter(row => !row.isFine)
  return [
    ...(foreign > 0 ? [`${foreign} FOREIGN FRAMES`] : []),
    ...(heard.foreign > 0 ? [`heard ${heard.foreign} times what is not the camera's`] : []),
    ...(refused < crossed ? [`${crossed} pairs of pipes crossed, ${refused} refused`] : []),
    ...(unread > own / 20 ? [`${unread} pictures could not be read`] : []),
    ...(served < expected * 0.97 ? [`${served} of ${expected} visits served`, ...unserved.slice(0, 10)] : []),
    ...faults,
    ...grown.map(({ what }) => `not flat: ${what}`),
  ]
}

const figure = (value: number, unit: string): string =>
  unit === '' ? value.toFixed(1) : `${value.toFixed(1)} ${unit}`
const percent = (share: number): string => `${share < 0 ? '' : '+'}${(share * 100).toFixed(1)} %`

export function report({ figures, samples }: Run): string {
  const { crossed = 0, refused = 0 } = samples.at(-1)?.agent.counts ?? {}
  const { visits, expected, served, own, foreign, unread, heard, codes, mishaps, offline } = figures
  const list = (counts: { [name: string]: number }): string =>
    Object.entries(counts)
      .map(([name, times]) => `${name} ${times}`)
      .join(', ') || 'none'
  return [
    `visits                         ${visits}`,
    `served, if nothing was wrong   ${served} of ${expected}`,
    `pictures seen                  ${own + foreign} (${unread} more could not be read)`,
    `foreign pictures               ${foreign}`,
    `tones heard                    ${heard.own} of the camera, ${heard.foreign} foreign, ${heard.nothing} times none`,
    `visits that ended early, why   ${list(codes)}`,
    `mishaps                        ${list(mishaps)}`,
    `cameras without a server       ${offline} times`,
    `pipes crossed                  ${crossed} pairs; ${refused} pipes refused`,
    '',
    'at rest                                        first quarter   last quarter   change    trend',
    ...coursesOf(samples).map(({ what, unit, course, isFine }) =>
      [
        what.padEnd(46),
        figure(course.first, unit).padStart(14),
        figure(course.last, unit).padStart(14),
        percent(course.change).padStart(9),
        percent(course.trend).padStart(9),
        isFine ? '' : '  NOT FLAT',
      ].join(' '),
    ),
  ].join('\n')
}
