import type { RelayGrant } from '@ownsight/protocol/relay-grant'
import type { Config } from '../config.ts'
import { cameraFolder, loadKeys } from '../keystore.ts'
import { checkSource } from '../media/check.ts'
import { relayGrants } from '../relay-grant.ts'
import { connectSignaling } from '../signaling-client.ts'
import { type AgentState, askAgent } from './agent-socket.ts'
import { bad, type Finding, good } from './finding.ts'
import { checkRelay } from './relay-check.ts'
import { checkServer } from './server-check.ts'

const SIGN_IN_MS = 8000

/**
 * Looks at all that a picture needs on the camera's side, and says each thing once. A running agent is asked how it
 * fares; none is disturbed, and no camera key is online twice.
 */
export async function* examine(config: Config): AsyncGenerator<Finding> {
  const server = await checkServer(config.server)
  yield* server
  const isReached = server[0]?.ok === true
  if (isReached) {
    const { findings, grant } = await signIn(config)
    yield* findings
    if (findings.some(({ ok }) => ok)) yield* await checkRelay(grant, config.network.relay ?? true)
  }
  for (const { name, source } of config.cameras) yield sourceFinding(name, await checkSource(source))
}

type SignedIn = { findings: Finding[]; grant?: RelayGrant | undefined }

async function signIn(config: Config): Promise<SignedIn> {
  const running = await askAgent(config.data)
  if (running) return { findings: running.cameras.map(stateFinding), grant: running.grant }
  const results = await Promise.all(config.cameras.map(({ name, slug }) => signInAs(config, name, slug)))
  return {
    findings: results.flatMap(({ findings }) => findings),
    grant: results.find(each => each.grant)?.grant,
  }
}

function stateFinding({ name, paired, online, note }: AgentState['cameras'][number]): Finding {
  if (!paired) return good('sign-in', `${name} is not paired yet.`, 'not_paired')
  if (online) return good('sign-in', `${name} is online; its agent is running.`)
  return bad('sign-in', 'offline', `${name} is not online: ${note ?? 'its agent is connecting'}.`)
}

/** No agent runs: the doctor signs in as the camera would. */
async function signInAs(config: Config, name: string, slug: string): Promise<SignedIn> {
  const keys = await loadKeys(cameraFolder(config.data, slug)).catch(() => undefined)
  if (!keys) return { findings: [good('sign-in', `${name} is not paired yet.`, 'not_paired')] }
  const outcome = Promise.withResolvers<string | undefined>()
  const client = connectSignaling({
    server: config.server,
    namespace: 'camera',
    auth: keys.auth,
    onOnline: () => outcome.resolve(undefined),
    onOffline: outcome.resolve,
  })
  const timer = setTimeout(() => outcome.resolve('the server did not answer'), SIGN_IN_MS)
  try {
    const note = await outcome.promise
    if (note !== undefined)
      return {
        findings: [
          bad(
            'sign-in',
            'not_known',
            `${name} cannot sign in: ${note}. Pair it again if its server was made anew.`,
          ),
        ],
      }
    const grant = await relayGrants(client.socket)()
    return {
      findings: [good('sign-in', `${name} can sign in; no agent is running for it now.`, 'not_running')],
      grant,
    }
  } finally {
    clearTimeout(timer)
    client.close()
  }
}

function sourceFinding(name: string, status: Awaited<ReturnType<typeof checkSource>>): Finding {
  if (status.state === 'live')
    return good('source', `${name}: the source sends pictures.${status.note ? ` ${status.note}` : ''}`)
  return bad(
    'source',
    status.code ?? 'failed',
    `${name}: ${status.note ?? 'The camera source sends no picture.'}`,
  )
}

/** The line under all others: the first thing that is wrong, or that nothing is. */
export const verdict = (findings: readonly Finding[]): Finding =>
  findings.find(({ ok }) => !ok) ?? good('server', 'Nothing is wrong on this side.')
