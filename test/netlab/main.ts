import { parseArgs } from 'node:util'
import type { Family } from './addresses.ts'
import { createLab, type HomeOptions, type Lab } from './lab.ts'
import { NAT_KINDS, type NatKind } from './nat.ts'
import { parseLink } from './parse-link.ts'
import { converse, SHELL_HELP } from './shell.ts'
import { TRACES, type TraceName } from './trace.ts'
import { writeTraces } from './trace-generator.ts'
import { startTurn } from './turn.ts'
import { type Verdict, verifyAll } from './verify.ts'

const HELP = `npm run netlab -- COMMAND: a network of this machine's own, with real NATs and bad lines. Needs root.

  npm run netlab -- shell [options]   opens a lab and tells how to enter its homes, until Ctrl-C
  npm run netlab -- verify            measures the lines (some 40 s of packets) and asks each NAT what it is
  npm run netlab -- traces            writes test/netlab/traces/ anew from its generator

Options of shell, for the viewer's home (and, with "camera-" before them, the camera's):
  --nat KIND       ${NAT_KINDS.join(', ')} (port-restricted)
  --link WORDS     of its line: 5%,100ms,1mbit (nothing)
  --trace NAME     what its line follows: ${TRACES.join(', ')}
  --udp blocked    no UDP leaves the home
  --tcp 443        TCP to port 443 only
  --family F       ipv4, ipv6, dual (ipv4)
and
  --seed TEXT      of all chance in the lines
  --no-turn        no coturn on the server

${SHELL_HELP}
`

const say = (line: string): void => void process.stdout.write(`${line}\n`)

const text = { type: 'string' } as const
const OPTIONS = {
  nat: text,
  link: text,
  trace: text,
  udp: text,
  tcp: text,
  family: text,
  'camera-nat': text,
  'camera-link': text,
  'camera-trace': text,
  'camera-udp': text,
  'camera-tcp': text,
  'camera-family': text,
  seed: text,
  'no-turn': { type: 'boolean' },
  help: { type: 'boolean' },
} as const

type Values = Partial<Record<keyof typeof OPTIONS, string | boolean>>

function homeOptions(values: Values, prefix: '' | 'camera-'): HomeOptions {
  const pick = <T extends string>(name: keyof HomeOptions & string, all: readonly T[], usual: T): T => {
    const value = values[`${prefix}${name}` as keyof Values] ?? usual
    const found = all.find(each => each === value)
    if (found === undefined) throw new Error(`--${prefix}${name} is one of ${all.join(', ')}, not "${value}"`)
    return found
  }
  return {
    nat: pick<NatKind>('nat', NAT_KINDS, 'port-restricted'),
    udp: pick('udp', ['open', 'blocked'], 'open'),
    tcp: pick('tcp', ['open', '443'], 'open'),
    family: pick<Family>('family', ['ipv4', 'ipv6', 'dual'], 'ipv4'),
    link: parseLink(String(values[`${prefix}link`] ?? '')),
  }
}

function traceOf(value: string | boolean | undefined): TraceName | undefined {
  if (value === undefined) return undefined
  const found = TRACES.find(each => each === value)
  if (!found) throw new Error(`there is no trace "${value}": ${TRACES.join(', ')}`)
  return found
}

async function shell(values: Values): Promise<void> {
  const traces = { camera: traceOf(values['camera-trace']), viewer: traceOf(values.trace) }
  const lab = await createLab({
    homes: { camera: homeOptions(values, 'camera-'), viewer: homeOptions(values, '') },
    ...(values.seed === undefined ? {} : { seed: String(values.seed) }),
  })
  const turn = values['no-turn'] ? undefined : await startTurn(lab)
  try {
    for (const name of ['camera', 'viewer'] as const)
      if (traces[name]) await lab.homes[name].line.follow(traces[name], { loop: true })
    say(welcome(lab))
    if (turn) say(`TURN, for a day: ${JSON.stringify(turn.iceServers({ seconds: 86_400 }))}\n`)
    say(SHELL_HELP)
    await converse(lab, say)
  } finally {
    await turn?.stop()
    await lab.close()
  }
}

const welcome = (lab: Lab): string =>
  [
    `server  ${[...lab.server.ipv4, ...lab.server.ipv6].join(' ')}`,
    `        ${lab.server.prefix.join(' ')} bash`,
    ...Object.entries(lab.homes).flatMap(([name, home]) => [
      `${name.padEnd(7)} ${home.addresses().join(' ')}`,
      `        ${home.prefix.join(' ')} bash`,
    ]),
    '',
  ].join('\n')

const verdictLine = ({ ok, name, found, wanted }: Verdict): string =>
  `${ok ? '✔' : '✘'} ${name.padEnd(92)} ${found.padStart(18)}   (${wanted})`

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: OPTIONS })
  const command = positionals.join(' ')
  if (values.help) say(HELP)
  else if (command === 'shell') await shell(values)
  else if (command === 'verify') return (await verifyAll(each => say(verdictLine(each)))) ? 0 : 1
  else if (command === 'traces') writeTraces()
  else {
    process.stderr.write(HELP)
    return 2
  }
  return 0
}

main().then(
  code => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    process.exit(1)
  },
)
