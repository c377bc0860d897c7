import type { Page } from 'playwright-core'
import { buildViewer, viewerFolder } from '../../start/src/viewer-build.ts'
import { type AgentOptions, isServing, startAgent, type TestAgent } from '../support/agent.ts'
import { openPage, pair, signUp } from '../support/app.ts'
import { type Chromium, type ChromiumOptions, launchChromium } from '../support/browsers.ts'
import { trustInChromium } from '../support/private-ca.ts'
import {
  type SignalingProcess,
  type SignalingProcessOptions,
  spawnTestSignaling,
} from '../support/signaling.ts'
import { removeTemp, tempFolder } from '../support/temp.ts'
import { createLabCa, type LabCa } from './certificate.ts'
import type { Lab } from './lab.ts'
import { startTurn, type Turn, type TurnFacts } from './turn.ts'

/** The product in a lab: signaling and coturn on the server, the agent in the camera's home, Chromium in the viewer's. */
export type LabHouse = {
  readonly ca: LabCa
  readonly turn: Turn
  readonly signaling: SignalingProcess
  readonly agent: TestAgent
  /** signed in, the camera "Door" paired with it and serving; nothing is watched yet */
  readonly page: Page
  readonly chromium: Chromium
  close(): Promise<void>
}

export type LabHouseOptions = {
  /** more of signaling's arguments, from the coturn that runs; it lends that relay unless given */
  signaling?: (turn: Turn) => string[]
  /** how its program is run */
  signalingProcess?: Pick<SignalingProcessOptions, 'env' | 'nodeArgs'>
  /** coturn's file, from the facts */
  turn?: (facts: TurnFacts) => string
  agent?: Omit<AgentOptions, 'server' | 'prefix'>
  chromium?: Omit<ChromiumOptions, 'namespace' | 'home'>
  /** the family by which all reach the server */
  family?: 'ipv4' | 'ipv6'
}

const PORT = 8443

/** Opens it over the lines as they are: make them bad afterwards. */
export async function openLabHouse(
  lab: Lab<'camera' | 'viewer'>,
  options: LabHouseOptions = {},
): Promise<LabHouse> {
  await buildViewer(() => undefined)
  const family = options.family ?? 'ipv4'
  const folders = { ca: tempFolder('lab-ca'), home: tempFolder('lab-home') }
  const open: { close(): Promise<unknown> }[] = []
  const close = async (): Promise<void> => {
    for (const each of open.reverse()) await each.close()
    Object.values(folders).forEach(removeTemp)
  }
  const keep = <T extends { close(): Promise<unknown> }>(each: T): T => {
    open.push(each)
    return each
  }
  try {
    const ca = createLabCa(folders.ca, [...lab.server.ipv4, ...lab.server.ipv6])
    trustInChromium({ ...ca, args: [] }, folders.home)
    const turn = await startTurn(lab, { ca, ...(options.turn ? { config: options.turn } : {}) })
    keep({ close: turn.stop })
    const args = (options.signaling ?? lend(family))(turn)
    const signaling = keep(await startServer(lab, ca, family, { ...options.signalingProcess, args }))
    const agent = startAgent({
      ...options.agent,
      server: signaling.origin,
      prefix: lab.homes.camera.prefix,
      env: { NODE_EXTRA_CA_CERTS: ca.ca, ...options.agent?.env },
    })
    keep({ close: agent.dispose })
    const namespace = lab.homes.viewer.namespace
    const chromium = keep(await launchChromium({ ...options.chromium, namespace, home: folders.home }))
    const page = chromium.context.pages()[0] ?? (await chromium.context.newPage())
    await signUp(page, signaling.origin, { token: signaling.setupToken, name: 'ada' })
    await pair(page, await agent.code(), 'Door')
    await agent.report(isServing)
    await openPage(page, signaling.origin)
    await page.getByRole('heading', { name: 'Cameras', exact: true }).waitFor()
    return { ca, turn, signaling, agent, page, chromium, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** Arguments by which signaling lends this relay, over UDP, TCP and TLS. */
const lend =
  (family: 'ipv4' | 'ipv6') =>
  (turn: Turn): string[] => [
    ...turn
      .iceServers({ family })
      .filter(({ credential }) => credential !== undefined)
      .flatMap(({ urls }) => ['--turn-url', urls]),
    ...['--turn-secret-file', turn.secretFile],
  ]

const startServer = (
  lab: Lab,
  ca: LabCa,
  family: 'ipv4' | 'ipv6',
  { args, ...more }: Pick<SignalingProcessOptions, 'env' | 'nodeArgs'> & { args: string[] },
): Promise<SignalingProcess> =>
  spawnTestSignaling({
    ...more,
    port: PORT,
    viewer: viewerFolder,
    prefix: lab.server.prefix,
    args: ['--host', lab.server[family][0], '--cert', ca.cert, '--key', ca.key, ...args],
  })
