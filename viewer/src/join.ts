import { randomBytes } from '@ownsight/protocol/bytes'
import { ProtocolFault } from '@ownsight/protocol/errors'
import type { PairMessage } from '@ownsight/protocol/events'
import { type KeyId, keyId } from '@ownsight/protocol/ids'
import {
  beginJoin,
  formatJoinCode,
  type Joined,
  type JoinRequest,
  offerJoin,
  parseJoinCode,
} from '@ownsight/protocol/join'
import { PAIRING_LIFETIME_S } from '@ownsight/protocol/limits'
import { importRosterKey } from '@ownsight/protocol/recovery'
import { type Signal, signal } from '@preact/signals'
import type { Home } from './home.ts'
import { named } from './people.ts'
import { nameDevice } from './restoring.ts'

/** A second device of one owner: this one shows a code, that one reads it (PROTOCOL.md §12). */

/** Why a device was not added; the message is the sentence to show. */
export class JoinFault extends Error {
  override readonly name = 'JoinFault'
}

export type DeviceOffer =
  | { state: 'waiting'; code: string; until: number }
  | { state: 'joined'; phrase: string; view: KeyId }
  | { state: 'over'; sentence: string }

const SPENT = 'This code has ended. Make a new one.'
const SEEN =
  'Something that knew the code did not answer as your device would. The code is void: make a new one, and show it to nobody else.'

/** Shows a code until it is used, ten minutes have passed, or the page is left. @throws JoinFault */
export async function offerToDevice(home: Home, page: AbortSignal): Promise<Signal<DeviceOffer>> {
  const owner = await home.owner()
  if (!owner) throw new JoinFault('This browser holds no keys for your cameras.')
  const kR = await crypto.subtle.exportKey('raw', owner.roster).catch(() => undefined)
  if (!kR)
    throw new JoinFault(
      'The keys in this browser are from an older version and cannot be handed on. Use the recovery kit on the other device.',
    )
  const secret = randomBytes(16)
  const { admin } = home.device
  const waiting = {
    state: 'waiting' as const,
    code: formatJoinCode({ secret, admin: admin.id }),
    until: Date.now() + PAIRING_LIFETIME_S * 1000,
  }
  const offer = signal<DeviceOffer>(waiting)
  let joined: Joined | undefined
  const join = await offerJoin({
    secret,
    admin,
    gift: { root: owner.root, kR: new Uint8Array(kR) },
    now: () => performance.now() / 1000,
    async onJoined(device) {
      await letIn(home, device)
      joined = device
    },
  })
  const hold = (): void => void home.signaling.request('hold', { rid: join.rid })
  const stopJoin = home.signaling.onJoin(async ({ rid, msg }) => {
    if (rid !== join.rid || page.aborted) return { refused: 'no_rendezvous' }
    try {
      const reply = await join.receive(msg)
      if (joined) offer.value = { state: 'joined', phrase: joined.phrase, view: await keyId(joined.view) }
      return { msg: reply }
    } catch (error) {
      if (join.state() === 'burned' && offer.value.state === 'waiting')
        offer.value = { state: 'over', sentence: SEEN }
      return { refused: error instanceof ProtocolFault ? error.code : 'bad_form' }
    }
  })
  // A connection that comes back has to be told again where this device can be reached.
  const stopHold = home.connection.subscribe(state => {
    if (state === 'online') hold()
  })
  const timer = setTimeout(() => {
    if (offer.value.state === 'waiting') offer.value = { state: 'over', sentence: SPENT }
  }, PAIRING_LIFETIME_S * 1000)
  page.addEventListener('abort', () => {
    clearTimeout(timer)
    stopHold()
    stopJoin()
  })
  return offer
}

/** Before the other device is given anything: every camera is asked to obey it too, and that request is on the disk. */
async function letIn(home: Home, { admin, view }: Joined): Promise<void> {
  const entry = { view: await keyId(view), admin: await keyId(admin), name: 'New device' }
  for (const { camId } of home.roster.value)
    await home.policies.keep(camId, [{ op: 'add-admin', admin, view }], 'new device added')
  // The other device writes its own name over this one; that this cannot be written now is no harm.
  await home
    .updateList(({ roster, people }) => ({ roster, people: named(people, entry) }))
    .catch(() => undefined)
}

const SENTENCES: { [code: string]: string } = {
  no_rendezvous:
    'No device waits with this code. Both must be signed in to the same account, and the code must still be shown on the other one.',
  offline: 'The other device is not connected. Open Ownsight there again.',
  no_reply: 'The other device did not answer. Is its page still open?',
  rate: 'Too many tries. Wait a minute.',
  interrupted: 'This code has ended, or somebody else used it. Make a new one on the other device.',
  paired: 'This code was used already. Make a new one on the other device.',
  bad_mac: 'This is not the code that the other device shows now.',
}

/** Becomes an owner's device by the code of another. Returns the four words to compare. @throws JoinFault */
export async function joinByCode(home: Home, text: string, name: string): Promise<{ phrase: string }> {
  try {
    const code = parseJoinCode(text)
    const { admin, view } = home.device
    const request = await beginJoin(code, { admin, view })
    const third = await request.onSecond(await say(home, request, request.first))
    const gift = await request.onFourth(await sayAgain(home, request, third))
    await home.keystore.saveOwner({ root: gift.root, roster: await importRosterKey(gift.kR) })
    gift.kR.fill(0)
    void navigator.storage?.persist?.().catch(() => false)
    await home.reloadList()
    await nameDevice(home, name)
    void home.policies.deliverAll()
    return { phrase: gift.phrase }
  } catch (error) {
    if (error instanceof JoinFault) throw error
    if (error instanceof ProtocolFault && error.field === 'code')
      throw new JoinFault('This is not a code for a device. Copy all of it, from os1-join: to its end.')
    if (error instanceof ProtocolFault)
      throw new JoinFault('What answered is not the device that shows this code. Nothing was taken over.')
    throw error
  }
}

async function say(home: Home, { rid }: JoinRequest, msg: PairMessage): Promise<PairMessage> {
  const reply = await home.signaling.request('join', { rid, msg })
  if ('msg' in reply) return reply.msg
  const code = 'refused' in reply ? reply.refused : reply.hint
  throw new JoinFault(SENTENCES[code] ?? 'The other device refused. Make a new code there.')
}

/** Message 3 is sent again when its answer is lost; an identical one gets the identical answer. */
async function sayAgain(home: Home, request: JoinRequest, msg: PairMessage): Promise<PairMessage> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await say(home, request, msg)
    } catch (error) {
      if (attempt === 2) throw error
    }
  }
}
