import { cameraOf, type Invariant, idOf, live } from './invariant.ts'
import { payloadOf } from './payload.ts'
import { type CameraEnd, cameraEnds, viewerEnds } from './transport.ts'
import { trueNow } from './virtual-time.ts'
import type { World } from './world.ts'

/** Whether the far end is the device that made the offer, for this camera, by what the devices did. */
function wrongFarEnd(world: World, end: CameraEnd): string | undefined {
  const { iss } = payloadOf(end.offer)
  if (!end.far) return 'nobody is at its far end'
  if (iss === world.mallory.view.id) return 'insider' in end.far ? undefined : 'a guest let somebody else in'
  const made = world.viewers
    .filter(each => each.view.id === iss)
    .flatMap(each => each.attempts)
    .flatMap(attempt => attempt.offers.map(each => ({ label: attempt.label, ...each })))
    .find(each => signed(each.offer) === signed(end.offer))
  if (!made) return 'the viewer never made this offer'
  if (made.label !== end.camId) return 'the viewer made this offer for another camera'
  if (!('viewer' in end.far)) return 'an attacker is at the far end of an honest offer'
  return made.end === end.far.viewer ? undefined : 'another browser is at the far end'
}

/** What a signature covers: two signatures of the same bytes are one message. */
const signed = (jws: string): string => jws.slice(0, jws.lastIndexOf('.'))

export const I1: Invariant = {
  name: 'I1',
  sentence:
    'A camera is connected only to who holds the certificate of an offer its viewer made for it; it is live, and sends frames, only with the device that signed the offer, and only while that key may view.',
  check(world) {
    for (const end of cameraEnds) {
      // Also one that the camera has ended since: that was the second wall.
      if (!end.far) continue
      const honest = payloadOf(end.offer).iss !== world.mallory.view.id
      const wrong = honest ? wrongFarEnd(world, end) : undefined
      if (wrong) return `connected: ${wrong}`
      if (end.frames > 0 && !end.said.some(each => each.t === 'confirmed'))
        return 'a frame before the confirm'
    }
    for (const end of live()) {
      const wrong = wrongFarEnd(world, end) ?? withoutRight(world, end)
      if (wrong) return `live: ${wrong}`
    }
    return undefined
  },
}

function withoutRight(world: World, end: CameraEnd): string | undefined {
  const process = cameraOf(world, end)?.process
  const policy = process?.policies.current()?.policy
  const entry = policy?.viewers.find(each => idOf(each.k) === payloadOf(end.offer).iss)
  if (!process || !policy || !entry) return 'the policy does not hold this viewer'
  if (!entry.r.includes('view')) return 'the policy does not give this viewer the right to view'
  if (policy.privacy) return 'the camera is private'
  if (entry.exp === undefined) return undefined
  const believed = (trueNow() + process.device.skewMs) / 1000
  // Judged again each second: what ends within this one is closed within the next.
  if (entry.exp + 1 < process.clock.floor()) return 'its time was over before the time the camera is sure of'
  return entry.exp + 1 < believed ? 'its time is over' : undefined
}

export const I2: Invariant = {
  name: 'I2',
  sentence:
    'A viewer takes one answer for each offer, from the camera it asked, made for exactly that offer; it shows a stream under the name of a camera only when that camera was live with it, and both agree on offer and answer.',
  check(world) {
    for (const attempt of world.viewers.flatMap(each => each.attempts)) {
      if (attempt.label === world.mallory.cam.id) {
        const far = attempt.rendered?.end.far
        if (far && !('heard' in far)) return "an honest camera is shown as Mallory's"
        continue
      }
      for (const { offer, end } of attempt.offers) {
        if (end.wanted === undefined) continue
        const camera = cameraEnds.find(each => each.fingerprint === end.wanted)
        if (!camera) return 'an answer was taken that no camera gave'
        if (camera.camId !== attempt.label) return 'an answer of another camera was taken'
        if (signed(camera.offer) !== signed(offer)) return 'an answer to another offer was taken'
      }
      if (!attempt.rendered) continue
      const { end, session } = attempt.rendered
      if (!end.far) return 'shown without a connection'
      if ('heard' in end.far) return 'an attacker is shown as an honest camera'
      if (end.far.camId !== attempt.label) return 'a camera is shown under the name of another'
      const said = end.far.said.find(each => each.t === 'confirmed')
      if (said?.th !== session.th) return 'shown without agreement on offer and answer'
    }
    return undefined
  },
}

export const I3: Invariant = {
  name: 'I3',
  sentence: 'No offer is live twice, not even one after the other; and no two ends share a certificate.',
  check(world) {
    const seen = new Set<string>()
    for (const end of world.ledger.lived) {
      const name = `${end.camId} ${signed(end.offer)}`
      if (seen.has(name)) return 'one offer was live twice'
      seen.add(name)
    }
    const certificates = [...cameraEnds, ...viewerEnds].map(each => each.fingerprint)
    return new Set(certificates).size === certificates.length ? undefined : 'a certificate was used twice'
  },
}

export const I6: Invariant = {
  name: 'I6',
  sentence:
    'Whatever the server does, the pairs that are live are pairs an honest server could have joined: the viewer asked for that camera, and a document of its owner lets it in.',
  check(world) {
    for (const end of live()) {
      const { iss } = payloadOf(end.offer)
      const insider = iss === world.mallory.view.id
      const asks = world.viewers.filter(each => each.view.id === iss).flatMap(each => each.attempts)
      if (!insider && !asks.some(each => each.label === end.camId)) return 'nobody asked for it'
      const chain = world.ledger.chains.get(end.camId) ?? []
      const admitted = chain.some(hash =>
        world.ledger.documents
          .get(hash)
          ?.policy.viewers.some(each => idOf(each.k) === iss && each.r.includes('view')),
      )
      if (!admitted) return 'no owner ever let this viewer in'
    }
    return undefined
  },
}
