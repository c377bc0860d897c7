import { openEnvelope } from '@ownsight/protocol/envelope'
import { ProtocolFault } from '@ownsight/protocol/errors'
import {
  type Invitation,
  inviteKeyPair,
  openRedeemed,
  parseInvitation,
  sealRedeem,
} from '@ownsight/protocol/invite'
import type { Payload } from '@ownsight/protocol/messages'
import { openBeacon } from '@ownsight/protocol/session'
import { ApiFault, api } from './api.ts'
import type { InviteLink } from './fragment.ts'
import type { GuestCamera } from './guest-store.ts'
import type { Home } from './home.ts'

/** Why an invitation could not be taken up; the message is the sentence to show. */
export class InviteFault extends Error {
  override readonly name = 'InviteFault'
}

const SENTENCES: { [code: string]: string } = {
  offline: 'The camera is not connected at this moment. Try again later: the invitation is kept here.',
  no_reply: 'The camera did not answer. Try again: the invitation is kept here.',
  rate: 'Too many tries. Wait a minute.',
  limit: 'Too many people wait at this camera. Ask its owner to look.',
  unknown_camera: 'This link was used already, or has ended. Ask for an invitation of your own.',
  unknown_viewer: 'The owner has withdrawn this invitation, or it was used already. Ask for a new one.',
  unknown_invite: 'The owner has withdrawn this invitation, or it was used already. Ask for a new one.',
  used: 'This invitation was used on another device already. Ask for one of your own.',
  expired: 'This invitation has not begun yet, or has ended. Ask its owner.',
  private: 'The camera is switched to private. Try again when its owner has switched it on.',
  clock: "The camera's clock is wrong, so it cannot judge your invitation. Ask its owner to set it.",
}
const sentenceFor = (code: string): string => SENTENCES[code] ?? 'The invitation was not accepted. Try again.'

/** @throws InviteFault for a link that is not whole */
export function readInvitation(link: Pick<InviteLink, 'invitation'>): Invitation {
  try {
    return parseInvitation(link.invitation)
  } catch {
    throw new InviteFault('This invitation link is not whole. Open all of it, or ask for it again.')
  }
}

/** Keeps what the link brought: from here on a reload loses nothing. Returns the camera's id. */
export async function keepInvitation(home: Home, link: InviteLink): Promise<string> {
  const { camId, name, secret } = readInvitation(link)
  if (home.roster.value.some(camera => camera.camId === camId))
    throw new InviteFault('This camera is in your list already: you are its owner.')
  const known = home.guests.list.value.find(camera => camera.camId === camId)
  const isLetIn = known?.key && known.waiting === undefined && known.ended === undefined
  if (!isLetIn) await home.guests.save({ camId, name: known?.name ?? name, secret, server: link.server })
  return camId
}

/** Ties the invitation to this browser's key, and pins the camera's. @throws InviteFault */
export async function redeem(home: Home, camId: string): Promise<void> {
  const camera = home.guests.list.value.find(each => each.camId === camId)
  if (!camera?.secret) return
  if (camera.server) await reach(home, camera, camera.server)
  const inviteKey = await inviteKeyPair(camera.secret)
  const { view } = home.device
  for (let attempt = 0; ; attempt++) {
    const beacon = await newestBeacon(home, camId)
    const redemption = await sealRedeem({ invite: inviteKey, view, camId, win: beacon.win })
    const reply = await home.signaling.request('redeem', { cam: camId, redeem: redemption })
    if ('redeemed' in reply) {
      const key = await openRedeemed(reply.redeemed, { camId, view: view.id, invite: inviteKey.id }).catch(
        () => undefined,
      )
      if (key) return home.guests.save({ camId, name: camera.name, key, waiting: beacon.ph })
    }
    const code = 'refused' in reply ? reply.refused : 'hint' in reply ? reply.hint : 'foreign_answer'
    const mayPass = code === 'stale_win' || code === 'foreign_answer'
    if (!mayPass || attempt === 2) throw new InviteFault(sentenceFor(code))
  }
}

/** The server's half: this account may knock at the camera's door. One that may already is told nothing new. */
async function reach(home: Home, camera: GuestCamera, server: string): Promise<void> {
  try {
    await api.join(server)
  } catch (error) {
    if (!(error instanceof ApiFault && error.code === 'bad_token'))
      throw new InviteFault((error as Error).message)
  }
  const { server: _, ...rest } = camera
  await home.guests.save(rest)
}

/** What the newest beacon claims: without the camera's key nothing of it is believed, and it opens nothing. */
async function newestBeacon(home: Home, camId: string): Promise<Payload<'os1-beacon'>> {
  const reply = await home.signaling.request('beacon', { cam: camId })
  if ('hint' in reply) throw new InviteFault(sentenceFor(reply.hint))
  const claims = await claimsOf(reply.beacon)
  if (claims?.iss !== camId) throw new InviteFault(sentenceFor('no_reply'))
  return claims
}

export async function claimsOf(beacon: string): Promise<Payload<'os1-beacon'> | undefined> {
  let claims: Payload<'os1-beacon'> | undefined
  try {
    await openEnvelope('os1-beacon', beacon, claimed => {
      claims = claimed
      return undefined
    })
  } catch (error) {
    if (!(error instanceof ProtocolFault)) throw error
  }
  return claims
}

/** Gives a camera of somebody else up: here, and on the server. */
export async function leaveCamera(home: Home, camId: string): Promise<void> {
  await api.forgetCamera(camId).catch(() => undefined)
  await home.guests.drop(camId)
}

/** A confirmed session: whatever was said before, this device is let in. */
export async function noteGuestLive(home: Home, camId: string): Promise<void> {
  const camera = home.guests.list.value.find(each => each.camId === camId)
  if (!camera || (camera.letIn && !camera.ended)) return
  const { ended: _, waiting: __, ...rest } = camera
  await home.guests.save({ ...rest, letIn: true })
}

/**
 * What a camera said over a session of its own is kept: the list says it too. One that never let this device in and
 * does not answer does not know it yet: the wait goes on.
 */
export async function noteGuestEnd(home: Home, camId: string, code: string): Promise<void> {
  const camera = home.guests.list.value.find(each => each.camId === camId)
  if (!camera) return
  if (code === 'removed' || code === 'released') await home.guests.save({ ...camera, ended: code })
  const beacon = home.presence.value.get(camId)?.beacon
  if (code !== 'no_reply' || camera.letIn || !beacon) return
  const claims = await claimsOf(beacon)
  if (claims?.iss === camId) await home.guests.save({ ...camera, waiting: claims.ph })
}

/**
 * Ends the wait when the camera's own beacon says that its policy has changed: the owner may have let this device in, or
 * done something else; a look tells.
 */
export async function noticeChange(home: Home, camId: string, beacon: string): Promise<void> {
  const camera = home.guests.list.value.find(each => each.camId === camId)
  if (!camera?.key || camera.waiting === undefined) return
  const opened = await openBeacon(beacon, camera.key, camId).catch(() => undefined)
  if (opened && opened.payload.ph !== camera.waiting) await lookAgain(home, camId)
}

/** Ends the wait without a sign: one may have been lost. */
export async function lookAgain(home: Home, camId: string): Promise<void> {
  const camera = home.guests.list.value.find(each => each.camId === camId)
  if (!camera?.key) return
  const { waiting: _, ...rest } = camera
  await home.guests.save(rest)
}
