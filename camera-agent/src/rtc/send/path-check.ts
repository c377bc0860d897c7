import { randomBytes } from 'node:crypto'
import { internal, werift } from '../werift.ts'
import { createProtection } from './packet-path.ts'
import { AEAD_AES_128_GCM, AES_CM_HMAC_SHA1_80 } from './srtp-cipher.ts'

type Session = {
  localContext: Parameters<typeof createProtection>[0]
  encrypt(payload: Buffer, header: object): Buffer
}
const SALT_BYTES = { [AEAD_AES_128_GCM]: 12, [AES_CM_HMAC_SHA1_80]: 14 }
const EXTENSION = 3
const SSRC = 0x89abcdef

/** Whether packets of our own path are those that werift would make of the same keys, over a turn of the numbers too. */
export async function leavesAsWeriftWould(): Promise<boolean> {
  const { SrtpSession } = internal<{ SrtpSession: new (config: object) => Session }>('rtp/src/srtp/srtp.js')
  return Object.entries(SALT_BYTES).every(([profile, saltBytes]) => {
    const [localMasterKey, localMasterSalt] = [randomBytes(16), randomBytes(saltBytes)]
    const remote = { remoteMasterKey: localMasterKey, remoteMasterSalt: localMasterSalt }
    const keys = { localMasterKey, localMasterSalt, ...remote }
    const theirs = new SrtpSession({ keys, profile: Number(profile) })
    const ours = createProtection(theirs.localContext, EXTENSION)
    return [0xfffe, 0xffff, 0, 1].every(sequence => isSame(sequence, ours, theirs))
  })
}

function isSame(sequence: number, ours: ReturnType<typeof createProtection>, theirs: Session): boolean {
  const payload = randomBytes(100)
  const common = { ssrc: SSRC, payloadType: 96, timestamp: 0xfedcba98, marker: true, padding: false }
  const wide = Buffer.from([sequence >> 8, sequence & 0xff])
  const extensions = [{ id: EXTENSION, payload: wide }]
  const header = new werift.RtpHeader({ version: 2, ...common, sequenceNumber: sequence, extensions })
  return ours({ ...common, sequence, wide: sequence, payload }).equals(theirs.encrypt(payload, header))
}
