import { faultCode } from '@ownsight/protocol/errors'
import type { Answer } from './bag.ts'
import { boot, type Camera, type CameraEvents, kill, type Process, serve } from './camera.ts'
import { handling } from './transport.ts'
import { as, settle } from './virtual-time.ts'

/** What a server can deliver to a camera. */
export type Event = 'offer' | 'policy' | 'pair' | 'read' | 'redeem' | 'release'
export type Message = { e: string; m?: string | undefined }

/** Delivers one event; resolves when the camera has replied, or has come to rest without a reply. */
export async function deliver(
  camera: Camera,
  event: Event,
  message: Message,
  events: CameraEvents,
): Promise<Answer | undefined> {
  const { process } = camera
  if (!process || process.device.dead) return undefined
  let reply: Answer | undefined
  const taken = (answer: Answer | undefined): void => {
    reply = answer
  }
  as(process.device, () => handle(camera, process, event, message, events, taken)).then(taken, error =>
    taken({ refused: faultCode(error) }),
  )
  await settle()
  // Released: the old process ends, and the device begins anew under its new key.
  if (event === 'release' && reply && 'e' in reply) {
    kill(camera)
    await boot(camera, events)
    return reply
  }
  return process.device.dead ? undefined : reply
}

async function handle(
  camera: Camera,
  process: Process,
  event: Event,
  { e, m }: Message,
  events: CameraEvents,
  taken: (answer: Answer | undefined) => void,
): Promise<Answer | undefined> {
  if (event === 'pair') {
    if (!process.pairing) return { refused: 'not_offering' }
    const reply = await process.pairing.offered.receive({ e, m: m ?? '' })
    if (process.policies.state()) await serve(camera, events)
    return reply
  }
  if (!process.serving) return { refused: 'not_offering' }
  const { server, control } = process.serving
  switch (event) {
    case 'offer': {
      const accept = { camId: camera.cam.id, offer: e, device: process.device }
      const reply = await handling(accept, () => server.offer(e))
      return reply && { e: 'answer' in reply ? reply.answer : reply.refuse }
    }
    case 'read': {
      const reply = await control.read(e)
      return 'refused' in reply ? reply : { e: reply.status, policy: reply.policy }
    }
    case 'redeem': {
      const reply = await control.redeem(e)
      return 'redeemed' in reply ? { e: reply.redeemed } : (reply as Answer)
    }
    case 'policy': {
      let answer: Answer | undefined
      await control.policy(e, reply => {
        answer = 'ack' in reply ? { e: reply.ack } : reply
        taken(answer)
      })
      return answer
    }
    case 'release': {
      let answer: Answer | undefined
      await control.release(e, reply => {
        answer = 'released' in reply ? { e: reply.released } : reply
      })
      return answer
    }
  }
}
