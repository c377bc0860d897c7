import { spawn, spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { removeTemp, tempFolder } from '../support/temp.ts'

/**
 * docs/os1.pv as it is and with parts taken out, each with the verdict that is expected of every query. What is taken out
 * are the lines that begin with the mark of a part.
 */
export type Variant = {
  readonly name: string
  readonly without: readonly ('CONFIRM' | 'POSSESSION')[]
  /** query → whether it holds; the others are left out */
  readonly verdicts: Readonly<Record<string, boolean>>
}

export const VARIANTS: readonly Variant[] = [
  {
    name: 'the protocol as it is',
    without: [],
    verdicts: {
      PINNED: true,
      PAIRED: true,
      TRANSPORT: true,
      MEDIA: true,
      SHOWN: true,
      IDENTITY: true,
      SECRET: true,
    },
  },
  { name: 'honest people can watch at all', without: [], verdicts: { REACHED: false } },
  {
    name: 'without the confirm: the splice of RFC 8844',
    without: ['CONFIRM'],
    verdicts: { IDENTITY: false },
  },
  {
    name: 'without the proof of possession: a stranger is connected',
    without: ['POSSESSION'],
    verdicts: { TRANSPORT: false },
  },
  {
    name: 'without both: a stranger has the picture',
    without: ['CONFIRM', 'POSSESSION'],
    verdicts: { SECRET: false },
  },
]

const QUERY = /^ {2}\(\*([A-Z]+)\*\) (.*)[;.]$/
/** "not reached" is what ProVerif shall refute. */
const REACHED = 'event(ShowsOwn(cam, v, oh, ah, k))'

/** The text of one variant: some parts gone, some queries left. */
export function variantText(text: string, { without, verdicts }: Variant): string {
  const gone = without.map(part => new RegExp(`^ *\\(\\*${part}\\*\\)`))
  const lines = text.split('\n').filter(line => !gone.some(each => each.test(line)))
  const first = lines.findIndex(line => QUERY.test(line))
  const last = lines.findIndex((line, i) => i >= first && line.endsWith('.') && QUERY.test(line))
  const known = new Map(
    lines
      .slice(first, last + 1)
      .map(line => QUERY.exec(line))
      .flatMap(m => (m?.[1] ? [[m[1], m[2]]] : [])),
  )
  known.set('REACHED', REACHED)
  const wanted = Object.keys(verdicts).map(name => {
    const query = known.get(name)
    if (query === undefined) throw new Error(`docs/os1.pv has no query ${name}`)
    return `  ${query}`
  })
  return lines.toSpliced(first, last - first + 1, `${wanted.join(';\n')}.`).join('\n')
}

export const isInstalled = (): boolean => spawnSync('proverif', ['-help']).error === undefined

/** Runs one variant; what is not as expected, or nothing. */
export async function judge(variant: Variant): Promise<string | undefined> {
  const folder = tempFolder('proverif')
  try {
    const file = join(folder, 'os1.pv')
    const text = readFileSync(join(import.meta.dirname, '../../docs/os1.pv'), 'utf8')
    writeFileSync(file, variantText(text, variant))
    const results = await verdictsOf(file)
    const expected = Object.values(variant.verdicts)
    const said = results.map(line =>
      line.endsWith(' is true.') ? true : line.endsWith(' is false.') ? false : line,
    )
    return JSON.stringify(said) === JSON.stringify(expected)
      ? undefined
      : `expected ${JSON.stringify(variant.verdicts)}, ProVerif said:\n${results.join('\n')}`
  } finally {
    removeTemp(folder)
  }
}

/** One line for each query, in their order. */
function verdictsOf(file: string): Promise<string[]> {
  const child = spawn('proverif', [file], { stdio: ['ignore', 'pipe', 'ignore'] })
  let out = ''
  child.stdout.on('data', chunk => {
    out += chunk
  })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', () => resolve(out.split('\n').filter(line => /^RESULT (?!\(even)/.test(line))))
  })
}

if (import.meta.main) {
  if (!isInstalled()) {
    process.stdout.write('ProVerif is not installed: see docs/MODEL.md\n')
    process.exit(1)
  }
  for (const variant of VARIANTS) {
    const began = performance.now()
    const wrong = await judge(variant)
    const s = ((performance.now() - began) / 1000).toFixed(0)
    process.stdout.write(
      `${wrong === undefined ? 'as expected' : 'NOT AS EXPECTED'} (${s} s): ${variant.name}\n`,
    )
    if (wrong !== undefined) process.stdout.write(`${wrong}\n`)
    if (wrong !== undefined) process.exitCode = 1
  }
}
