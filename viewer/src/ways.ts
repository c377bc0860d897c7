import type { Way } from './policies.ts'
import type { SignalingClient } from './signaling-client.ts'
import type { LiveSession } from './watch.ts'

/** The two ways to a camera's policy: through signaling, which may withhold it, and over the channel of a session. */

export const signalingWay = (signaling: SignalingClient, cam: string): Way => ({
  read: read => signaling.request('read', { cam, read }),
  policy: policy => signaling.request('policy', { cam, policy }),
})

export const channelWay = (session: Pick<LiveSession, 'request'>): Way => ({
  async read(read) {
    const reply = await session.request({ t: 'read', read })
    if (reply?.t === 'status') return { policy: reply.policy, status: reply.status }
    return reply?.t === 'refused' ? { refused: reply.code } : { hint: 'no_reply' }
  },
  async policy(policy) {
    const reply = await session.request({ t: 'policy', policy })
    if (reply?.t === 'ack') return { ack: reply.ack }
    return reply?.t === 'refused' ? { refused: reply.code } : { hint: 'no_reply' }
  },
})
