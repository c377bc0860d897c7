import { openEnvelope, seal } from '@ownsight/protocol/envelope'
import type { KeyPair } from '@ownsight/protocol/ids'
import type { Policy, Right } from '@ownsight/protocol/messages'
import { openFirstPolicy } from '@ownsight/protocol/policy'
import { ALL_RIGHTS } from '@ownsight/protocol/policy-change'
import type { Admin, Known } from './admin.ts'
import { type Answer, type Asked, type Bag, createBag } from './bag.ts'
import { boot, type Camera, type CameraEvents, kill } from './camera.ts'
import { fileText, putFile, resetDisk } from './disk.ts'
import { seedRandom } from './fast-crypto.ts'
import type { KeyRing } from './keys.ts'
import { createLedger, type Ledger } from './ledger.ts'
import { openPolicyStore } from './real-code.ts'
import type { Joining } from './second-device.ts'
import { type Insider, newFingerprint, resetTransport } from './transport.ts'
import type { Viewer } from './viewer.ts'
import { resetTime, settle, trueNow } from './virtual-time.ts'

/** Holds keys, and works with the server: a guest of Ann's camera 0 who owns a camera of his own. */
export type Mallory = Insider & {
  readonly fingerprints: Set<string>
  readonly root: KeyPair
  readonly admin: KeyPair
  readonly view: KeyPair
  readonly cam: KeyPair
}

export type World = {
  readonly keys: KeyRing
  /** 0 and 1 are Ann's, 2 is Ben's, 3 is new and nobody's */
  readonly cameras: Camera[]
  readonly viewers: Viewer[]
  readonly admins: Admin[]
  readonly mallory: Mallory
  readonly bag: Bag
  readonly asked: Asked[]
  readonly ledger: Ledger
  readonly events: CameraEvents
  readonly joinings: Joining[]
  /** devices nobody has used yet, for who restores control */
  readonly spareDevices: { admin: KeyPair; view: KeyPair }[]
  put(asked: Omit<Asked, 'answer' | 'done'>): Promise<Answer>
}

/** What is the same at the beginning of each run: three paired cameras, as their disks hold them. */
export type Beginning = { keys: KeyRing; disks: { path: string; content: string }[]; documents: Known[] }

const day = 86_400
const entry = (key: KeyPair, ...r: readonly Right[]) => ({ k: key.publicKey, r: [...r] })

export async function makeBeginning(keys: KeyRing): Promise<Beginning> {
  resetTime()
  resetDisk(() => undefined)
  const [ann, ann2, ben, gus, mal] = keys.views as [KeyPair, KeyPair, KeyPair, KeyPair, KeyPair]
  const [admin, admin2, benAdmin] = keys.admins as [KeyPair, KeyPair, KeyPair]
  const [root, benRoot] = keys.roots as [KeyPair, KeyPair]
  const exp = Math.floor(trueNow() / 1000) + day
  const shared = [entry(ann, ...ALL_RIGHTS), entry(ann2, ...ALL_RIGHTS)]
  const guests = [{ ...entry(gus, 'view'), exp }, entry(mal, 'view'), entry(ben, 'view', 'talk')]
  const link = { k: (keys.invites[0] as KeyPair).publicKey, r: ['view' as const], exp }
  const bens = [entry(ben, ...ALL_RIGHTS), entry(ann, 'view')]
  const anns = { root, admins: [admin, admin2], view: ann }
  const homes = [
    { ...anns, viewers: [...shared, ...guests], invites: [link] },
    { ...anns, viewers: shared, invites: [] },
    { root: benRoot, admins: [benAdmin], view: ben, viewers: bens, invites: [] },
  ]
  const beginning: Beginning = { keys, disks: [], documents: [] }
  for (const [i, { root, admins, view, viewers, invites }] of homes.entries()) {
    const cam = keys.cams[i] as KeyPair
    const [signer] = admins as [KeyPair]
    const lists = {
      admins: admins.map(({ publicKey }) => ({ k: publicKey })),
      viewers,
      hubs: [],
      invites,
    }
    const head = { v: 1 as const, cam: cam.id, root: root.id, iss: signer.id, n: 1, prev: null }
    const iat = Math.floor(trueNow() / 1000)
    const policy: Policy = { ...head, iat, ...lists, hubsEnabled: true, privacy: false }
    const jws = await seal('os1-policy', policy, signer.sign)
    const keysOf = { root: root.publicKey, admin: signer.publicKey, view: view.publicKey }
    const store = await openPolicyStore(`/camera${i}`, cam)
    await store.pair(await openFirstPolicy(jws, { cam: cam.id, ...keysOf }), jws, signer.publicKey, null)
    const path = `/camera${i}/state.json`
    beginning.disks.push({ path, content: fileText(path) ?? '' })
    const { hash } = await openEnvelope('os1-policy', jws, () => signer.publicKey)
    beginning.documents.push({ policy, hash })
  }
  return beginning
}

export async function createWorld({ keys, disks, documents }: Beginning): Promise<World> {
  resetTime()
  resetTransport()
  seedRandom(1)
  const bag = createBag()
  const asked: Asked[] = []
  const ledger = createLedger()
  const cameras: Camera[] = [0, 1, 2, 3].map(i => ({
    name: `camera${i}`,
    folder: `/camera${i}`,
    cam: keys.cams[i] as KeyPair,
    skewMs: 0,
    process: undefined,
  }))
  resetDisk(folder => {
    const camera = cameras.find(each => each.folder === folder)
    if (camera) kill(camera)
  })
  for (const { path, content } of disks) putFile(path, content)
  for (const { policy, hash } of documents) ledger.signed({ policy, hash, signer: policy.iss })
  const spareCams = keys.cams.slice(5)
  const events: CameraEvents = {
    publish: bag.put,
    newKey: () => spareCams.shift(),
  }
  const world: World = {
    keys,
    cameras,
    ...people(keys, documents),
    joinings: [],
    spareDevices: [4, 5].map(i => ({ admin: keys.admins[i] as KeyPair, view: keys.views[i + 2] as KeyPair })),
    bag,
    asked,
    ledger,
    events,
    put: request => put(bag, asked, request),
  }
  for (const camera of cameras) await boot(camera, events)
  await settle()
  return world
}

function put(bag: Bag, asked: Asked[], request: Omit<Asked, 'answer' | 'done'>): Promise<Answer> {
  if (request.body) bag.put(request.body.e, request.body.m)
  const { promise, resolve } = Promise.withResolvers<Answer>()
  const one: Asked = {
    ...request,
    done: false,
    answer(reply) {
      one.done = true
      resolve(reply)
    },
  }
  asked.push(one)
  return promise
}

function people(keys: KeyRing, documents: readonly Known[]): Pick<World, 'viewers' | 'admins' | 'mallory'> {
  const [a, b, c, d] = keys.cams as [KeyPair, KeyPair, KeyPair, KeyPair]
  const malloryCam = keys.cams[4] as KeyPair
  const view = keys.views as readonly KeyPair[]
  const viewer = (name: string, key: number, ...pins: KeyPair[]): Viewer => ({
    name,
    device: { name, skewMs: 0, dead: false },
    view: view[key] as KeyPair,
    pins: new Map(pins.map(({ id, publicKey }) => [id, publicKey])),
    attempts: [],
  })
  const admin = (name: string, key: number, root: number, ...cams: number[]): Admin => ({
    name,
    device: { name, skewMs: 0, dead: false },
    admin: keys.admins[key] as KeyPair,
    view: view[key] as KeyPair,
    root: keys.roots[root] as KeyPair,
    known: new Map(cams.map(i => [(keys.cams[i] as KeyPair).id, documents[i] as Known])),
    pins: new Map(cams.map(i => [(keys.cams[i] as KeyPair).id, (keys.cams[i] as KeyPair).publicKey])),
    ahead: new Map(),
    waiting: new Map(),
    open: [],
    paired: [],
  })
  void d
  return {
    viewers: [
      viewer('ann', 0, a, b, c, malloryCam),
      viewer('ann2', 1, a, b),
      viewer('ben', 2, a, c),
      viewer('gus', 3, a, malloryCam),
      // Nobody's guests yet: each may come by the same link.
      viewer('zoe', 5),
      viewer('yan', 8),
    ],
    admins: [admin('ann', 0, 0, 0, 1), admin('ann2', 1, 0, 0, 1), admin('ben', 2, 1, 2)],
    mallory: {
      fingerprints: new Set([newFingerprint(), newFingerprint()]),
      heard: [],
      root: keys.roots[2] as KeyPair,
      admin: keys.admins[3] as KeyPair,
      view: view[4] as KeyPair,
      cam: malloryCam,
    },
  }
}
