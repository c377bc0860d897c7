import { werift } from '@ownsight/camera-agent/rtc/werift'
import { openEnvelope, seal } from '@ownsight/protocol/envelope'
import { FAULT_CODES, ProtocolFault } from '@ownsight/protocol/errors'
import type { KeyPair } from '@ownsight/protocol/ids'
import { schemas, type Typ } from '@ownsight/protocol/messages'
import { lintSdp } from '@ownsight/protocol/sdp-lint'
import fc from 'fast-check'
import { mutatedSdp } from '../support/mutated-sdp.ts'
import { recorded } from '../support/recorded-sdp.ts'
import { forge, headerOf, samples } from '../unit/protocol/fixtures.ts'
import type { KeyRing } from './keys.ts'

/** I8 and I9: what holds for any input at all. Chromium's and Firefox's own parsers are asked in test/fuzz. */

const LONGEST_MESSAGE = 300
const types = Object.keys(schemas) as Typ[]

/** I8: openEnvelope is total: any bytes give a value or a typed error, of bounded size. */
export async function envelopeProperty({ cams, roots, admins, views }: KeyRing) {
  const [cam, root, admin, view] = [cams[0], roots[0], admins[0], views[0]] as KeyPair[]
  if (!cam || !root || !admin || !view) throw new Error('no keys')
  const payloads = samples({ cam, root, admin, view })
  const honest = new Map<Typ, string>()
  for (const typ of types) honest.set(typ, await seal(typ, payloads[typ], view.sign))
  const changed = fc.tuple(fc.nat(), fc.string({ maxLength: 4 }), fc.nat({ max: 4 }))
  const input = fc.oneof(
    fc.anything(),
    fc
      .array(fc.base64String({ maxLength: 60 }), { minLength: 2, maxLength: 4 })
      .map(parts => parts.join('.')),
    fc.tuple(fc.constantFrom(...types), changed).map(([typ, [position, insert, remove]]) => {
      const jws = honest.get(typ) ?? ''
      const at = position % jws.length
      return jws.slice(0, at) + insert + jws.slice(at + remove)
    }),
    fc.tuple(fc.constantFrom(...types), fc.json()).map(([typ, json]) => ({ typ, json })),
  )
  return fc.asyncProperty(fc.constantFrom(...types), input, async (typ, given) => {
    const signed = given !== null && typeof given === 'object' && 'json' in given && 'typ' in given
    const jws = signed ? await forge(headerOf(String(given.typ)), String(given.json), view.sign) : given
    try {
      await openEnvelope(typ, jws, () => view.publicKey, cam.id)
    } catch (error) {
      if (
        error instanceof ProtocolFault &&
        FAULT_CODES.includes(error.code) &&
        error.message.length < LONGEST_MESSAGE
      )
        return
      throw new Error(`I8 does not hold: ${String(error)} for ${typ}`)
    }
  })
}

/** I9: what the lint lets through, the parser of the camera's WebRTC reads as the lint did. */
export const descriptionProperty = () =>
  fc.property(
    fc.constantFrom(...recorded).chain(({ kind, sdp }) => mutatedSdp(sdp).map(text => ({ kind, text }))),
    ({ kind, text }) => {
      const lint = lintSdp(text, { kind })
      if (!lint.ok) return
      const media = parse(lint.sdp)?.media ?? []
      const fingerprints = media.flatMap(each => each.dtlsParams?.fingerprints ?? [])
      const ufrags = media.flatMap(each => each.iceParams?.usernameFragment ?? [])
      const same =
        fingerprints.every(each => each.algorithm === 'sha-256' && each.value === lint.fingerprint) &&
        ufrags.every(each => each === lint.ufrag) &&
        media.every((each, i) => each.rtp.muxId === lint.mids[i])
      if (!same) throw new Error('I9 does not hold: the lint and werift read this description differently')
    },
  )

function parse(sdp: string): InstanceType<typeof werift.SessionDescription> | undefined {
  try {
    return werift.SessionDescription.parse(sdp)
  } catch {
    return undefined
  }
}
