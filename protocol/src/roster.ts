import * as v from 'valibot'
import { concat, fromBase64url, randomBytes, text, toBase64url, utf8 } from './bytes.ts'
import { ProtocolFault } from './errors.ts'
import { keyId } from './ids.ts'
import { NAME_MAX_LENGTH, POLICY_MAX_ENTRIES, ROSTER_MAX_BYTES } from './limits.ts'
import { id43, publicKey } from './messages.ts'

/** The one place where names live, sealed under kR: only a holder of kR or of the kit can write what opens. */

const roster = v.pipe(
  v.array(
    v.strictObject({
      camId: id43,
      key: publicKey,
      name: v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(NAME_MAX_LENGTH)),
    }),
  ),
  v.maxLength(POLICY_MAX_ENTRIES),
)
/** A person's device by its view key, and what the owner calls it; `admin` for one that may change things. */
const people = v.pipe(
  v.array(
    v.strictObject({
      view: id43,
      admin: v.optional(id43),
      name: v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(NAME_MAX_LENGTH)),
    }),
  ),
  v.maxLength(POLICY_MAX_ENTRIES * 4),
)
const sealedRoster = v.strictObject({
  version: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
  roster,
  people: v.optional(people, []),
})
export type Roster = v.InferOutput<typeof roster>
export type People = v.InferOutput<typeof people>
export type OpenedRoster = v.InferOutput<typeof sealedRoster>

const additionalData = utf8('os1 roster')

/** base64url(iv ‖ AES-256-GCM ciphertext). `version` counts up with each write. */
export async function sealRoster(
  kR: CryptoKey,
  entries: Roster,
  version: number,
  people: People = [],
): Promise<string> {
  const plain = utf8(JSON.stringify(v.parse(sealedRoster, { version, roster: entries, people })))
  const iv = randomBytes(12)
  const sealed = await crypto.subtle.encrypt({ name: 'AES-GCM', iv, additionalData }, kR, plain)
  return toBase64url(concat(iv, new Uint8Array(sealed)))
}

/**
 * @param minVersion the newest version this device has seen; an older one is a rollback
 * @throws ProtocolFault bad_mac when it was not written under kR, bad_epoch for a rollback, bad_key for a lying entry
 */
export async function openRoster(kR: CryptoKey, sealed: string, minVersion: number): Promise<OpenedRoster> {
  if (sealed.length > ROSTER_MAX_BYTES)
    throw new ProtocolFault('limit', 'roster', 'it is too large to be ours')
  const bytes = fromBase64url(sealed)
  const iv = bytes.slice(0, 12)
  let plain: ArrayBuffer
  try {
    plain = await crypto.subtle.decrypt({ name: 'AES-GCM', iv, additionalData }, kR, bytes.slice(12))
  } catch {
    throw new ProtocolFault('bad_mac', 'roster', 'the camera list was not written by one of your devices')
  }
  const result = v.safeParse(sealedRoster, parseJson(text(new Uint8Array(plain))))
  if (!result.success) throw new ProtocolFault('bad_form', 'roster', 'update the viewer: reload the page')
  if (result.output.version < minVersion)
    throw new ProtocolFault(
      'bad_epoch',
      'version',
      'the server sent an older camera list than this device has seen',
    )
  for (const entry of result.output.roster) {
    if ((await keyId(entry.key)) !== entry.camId)
      throw new ProtocolFault('bad_key', 'camId', 'a camera entry does not match its key')
  }
  if (new Set(result.output.roster.map(entry => entry.camId)).size !== result.output.roster.length)
    throw new ProtocolFault('bad_key', 'camId', 'a camera stands in the list twice')
  return result.output
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    throw new ProtocolFault('bad_form', 'roster', 'update the viewer: reload the page')
  }
}
