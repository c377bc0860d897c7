import { type Control, createControl } from '@ownsight/camera-agent/control'
import { createKeys } from '@ownsight/camera-agent/keystore'
import { type Life, openLife } from '@ownsight/camera-agent/life'
import { endIdentity, eraseLife } from '@ownsight/camera-agent/reset'
import { openWindow } from '@ownsight/camera-agent/window'
import { seal } from '@ownsight/protocol/envelope'
import { openFirstPolicy } from '@ownsight/protocol/policy'
import { type PolicyChange, sealNextPolicy } from '@ownsight/protocol/policy-change'
import { removeTemp, tempFolder } from '../../support/temp.ts'
import { firstPolicy, type Home, newHome } from '../protocol/fixtures.ts'

/** A paired camera on disk, without network and media, and what it did. */
export type PairedLife = {
  readonly folder: string
  readonly home: Home
  life: Life
  control: Control
  readonly win: () => string
  /** what the control asked of its surroundings, in order */
  readonly did: string[]
  /** Signs the successor of what is in force. */
  next(changes: PolicyChange[], signer?: Home['admin']): Promise<string>
  /** Closes and opens it again, as a start does. */
  restart(): Promise<void>
  dispose(): Promise<void>
}

export async function pairedLife(): Promise<PairedLife> {
  const folder = tempFolder('life')
  const home = { ...(await newHome()), cam: (await createKeys(folder)).cam }
  const life = await openLife(folder)
  const jws = await seal('os1-policy', firstPolicy(home), home.admin.sign)
  const { root, admin, view, cam } = home
  const expected = { cam: cam.id, root: root.publicKey, admin: admin.publicKey, view: view.publicKey }
  await life.policies.pair(await openFirstPolicy(jws, expected), jws, admin.publicKey, null)
  life.clock.raise(life.policies.state()?.floor ?? 0)
  const window = openWindow(() => 0)
  const did: string[] = []
  const controlOf = (of: Life): Control =>
    createControl({
      cam: of.keys.cam,
      fw: 'test',
      ...of,
      windows: window.nonces,
      watching: () => 2,
      onPolicy: () => did.push(`judged by ${of.policies.current()?.policy.n}`),
      onNews: () => did.push('news'),
      forget: async () => {
        await endIdentity(folder)
        await of.log.close()
        await eraseLife(folder)
        did.push('forgot')
      },
      onReleased: () => did.push('released'),
    })
  const paired: PairedLife = {
    folder,
    home,
    life,
    control: controlOf(life),
    win: () => window.nonces()[0] ?? '',
    did,
    async next(changes, signer = home.admin) {
      const current = paired.life.policies.current()
      if (!current) throw new Error('not paired')
      return (await sealNextPolicy(signer, current, changes)).jws
    },
    async restart() {
      await paired.life.log.close()
      paired.life = await openLife(folder)
      paired.life.clock.raise(paired.life.policies.state()?.floor ?? 0)
      paired.control = controlOf(paired.life)
    },
    async dispose() {
      await paired.life.log.close()
      removeTemp(folder)
    },
  }
  return paired
}
