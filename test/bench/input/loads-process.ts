import { setMaxListeners } from 'node:events'
import { generateKeyPair, type KeyPair } from '@ownsight/protocol/ids'
import { createOwner } from '../../support/owner.ts'
import { connectAs } from '../../support/signaling-client.ts'
import { boundCamera } from '../../support/signaling-envelopes.ts'
import { chance } from './chance.ts'
import type { Setting } from './load.ts'
import { type FromLoads, LOADS, type LoadName, type ToLoads } from './loads.ts'

/** Whoever means no good, in a process of its own: what it costs itself does not slow who measures. */
const tell = (message: FromLoads): void => void process.send?.(message)
let setting: Omit<Setting, 'signal'> | undefined
let enough = new AbortController()

async function begin({
  origin,
  invitation,
  amounts,
  seed,
}: Extract<ToLoads, { do: 'begin' }>): Promise<void> {
  const { auth, close, request } = await createOwner(origin, { invitation })
  const devices: KeyPair[] = []
  for (let i = 0; i < amounts.readers / 3; i++) {
    const key = await generateKeyPair()
    await request('POST', '/api/devices', { auth: key.publicKey })
    devices.push(key)
  }
  const device = await connectAs(origin, 'viewer', auth)
  const bound = await boundCamera(origin, device)
  for (const each of [bound.device, device]) each.close()
  close()
  const camera = { auth: bound.auth, key: bound.cam }
  setting = { origin, amounts, by: chance(seed), viewer: auth, devices, camera, media: [] }
  tell({ is: 'ready' })
}

async function load(name: LoadName): Promise<void> {
  if (!setting) throw new Error('begin first')
  if (enough.signal.aborted) enough = new AbortController()
  setMaxListeners(0, enough.signal)
  const sent = await LOADS[name]({ ...setting, signal: enough.signal })
  tell({ is: 'sent', name, sent })
}

process.on('disconnect', () => process.exit(0))
process.on('message', (message: ToLoads) => {
  if (message.do === 'begin') void begin(message)
  if (message.do === 'load') void load(message.name)
  if (message.do === 'enough') enough.abort()
  if (message.do !== 'media' || !setting) return
  const media = message.media.map(({ place, packets }) => ({
    place,
    packets: packets.map(each => Buffer.from(each, 'base64')),
  }))
  setting = { ...setting, media }
})
