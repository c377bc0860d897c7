import { request } from 'node:https'
import { bad, type Finding, good } from './finding.ts'

const PATIENCE_MS = 8000
/** A certificate, a credential of the relay and an owner's invitation all bear less than this. */
const CLOCK_OFF_MS = 60_000

/** Is the signaling server there, is it the one it should be, and does its clock agree with ours? */
export async function checkServer(server: string): Promise<Finding[]> {
  const start = performance.now()
  let response: Response
  try {
    response = await fetch(`${server}/api/state`, { signal: AbortSignal.timeout(PATIENCE_MS) })
  } catch (error) {
    return [await unreached(server, codeOf(error))]
  }
  const ms = Math.round(performance.now() - start)
  const state: unknown = await response.json().catch(() => undefined)
  if (!response.ok || typeof state !== 'object' || state === null)
    return [
      bad(
        'server',
        'not_ownsight',
        'Something else than a signaling server answers at this address: check the setting server.',
      ),
    ]
  return [
    good('server', `The signaling server answered in ${ms} ms.`),
    clockFinding(response.headers.get('date')),
  ]
}

function clockFinding(date: string | null): Finding {
  const off = date === null ? 0 : Date.now() - Date.parse(date)
  if (Math.abs(off) < CLOCK_OFF_MS) return good('clock', 'The clock agrees with the server’s.')
  const minutes = Math.round(Math.abs(off) / 60_000)
  const by = minutes < 120 ? `${minutes} minutes` : `${Math.round(minutes / 60)} hours`
  return bad(
    'clock',
    'clock',
    `This machine’s clock is ${by} ${off > 0 ? 'ahead of' : 'behind'} the server’s: set it, by NTP if you can.`,
  )
}

async function unreached(server: string, code: string): Promise<Finding> {
  if (/^(ENOTFOUND|EAI_)/.test(code))
    return bad(
      'server',
      'server_name',
      'The server’s name is not known: check the setting server, and this machine’s DNS.',
    )
  if (code === 'ECONNREFUSED')
    return bad(
      'server',
      'server_refused',
      'Nothing listens at the server’s address and port: start the signaling server, or correct the setting server.',
    )
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return bad(
      'server',
      'certificate_name',
      'The server’s certificate is for another name than the one in the setting server.',
    )
  if (/^CERT_(HAS_EXPIRED|NOT_YET_VALID)$/.test(code)) return outOfTime(server)
  if (/^(UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|CERT_|INVALID_CA)/.test(code))
    return bad(
      'server',
      'certificate_authority',
      'The server’s certificate is from an authority this machine does not know: start with NODE_EXTRA_CA_CERTS=/path/to/ca.pem.',
    )
  return bad(
    'server',
    'server_unreachable',
    'The server cannot be reached: check this machine’s network, and whether a firewall stands in between.',
  )
}

/** Whether the certificate is old, or our clock is wrong: the date is asked for without believing who answers. */
async function outOfTime(server: string): Promise<Finding> {
  const found = clockFinding((await dateOf(server)) ?? null)
  return found.ok
    ? bad(
        'server',
        'certificate_time',
        'The server’s certificate has expired, or is not valid yet: renew it there.',
      )
    : found
}

function dateOf(server: string): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>()
  const asked = request(
    server,
    { method: 'HEAD', rejectUnauthorized: false, timeout: PATIENCE_MS },
    response => {
      resolve(response.headers.date)
      response.destroy()
    },
  )
  asked.on('error', () => resolve(undefined))
  asked.on('timeout', () => asked.destroy(new Error('timeout')))
  asked.end()
  return promise
}

function codeOf(error: unknown): string {
  const cause = (error as { cause?: { code?: unknown } }).cause
  return String(cause?.code ?? (error as { name?: unknown }).name ?? '')
}
