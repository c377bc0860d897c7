import { join } from 'node:path'
import { start } from '../support/processes.ts'
import type { Home } from './home.ts'
import type { Lab } from './lab.ts'
import { BEHAVIOUR, NAT_KINDS, type NatKind } from './nat.ts'
import type { NatReport } from './nat-probe.ts'
import type { Endpoint } from './stun.ts'

const file = (name: string): string => join(import.meta.dirname, name)

/** @property ports the server's two: others when several ask at once */
export type AskOptions = {
  readonly family?: 'ipv4' | 'ipv6'
  readonly ports?: readonly [number, number]
  /** milliseconds without an answer that mean none comes (1000); more than the line's round trip */
  readonly patience?: number
}

/** Asks from inside the home, by STUN, what its box does. */
export const classifyNat = (lab: Lab, home: Home, options: AskOptions = {}): Promise<NatReport> =>
  ask(lab, home, options, [])

/** Where the server sees a new socket of the home; null: UDP does not come through. */
export const mappedAddress = async (
  lab: Lab,
  home: Home,
  options: AskOptions = {},
): Promise<Endpoint | null> => (await ask(lab, home, options, ['mapped'])).mapped

async function ask(lab: Lab, home: Home, options: AskOptions, more: string[]): Promise<NatReport> {
  const addresses = lab.server[options.family ?? 'ipv4']
  const ports = (options.ports ?? [3500, 3501]).map(String)
  const node = [process.execPath, '--no-warnings']
  const [ip = '', ...rest] = lab.server.prefix
  const responder = start(ip, [...rest, ...node, file('stun-responder.ts'), ...addresses, ...ports])
  try {
    await responder.waitForLine(/listening/)
    const args = [...addresses, ...ports, String(options.patience ?? 1000), ...more]
    const [command = '', ...before] = home.prefix
    const probe = start(command, [...before, ...node, file('nat-probe.ts'), ...args])
    const { code } = await probe.exited
    if (code !== 0) throw new Error(`the probe of the NAT failed: ${probe.stderr()}`)
    return JSON.parse(probe.stdout()) as NatReport
  } finally {
    await responder.stop()
  }
}

/** The kind that does this; nothing: none of ours. A box that lets all in is a full cone unless the address is the host's own. */
export function kindOf(report: NatReport, own: readonly string[]): NatKind | undefined {
  if (report.mapped && own.includes(report.mapped.address))
    return report.filtering === 'endpoint-independent' ? 'open' : undefined
  return NAT_KINDS.find(
    kind =>
      kind !== 'open' &&
      BEHAVIOUR[kind].mapping === report.mapping &&
      BEHAVIOUR[kind].filtering === report.filtering,
  )
}
