import type { EndedCode } from '@ownsight/protocol/channel'
import { faultCode } from '@ownsight/protocol/errors'
import { SESSION_MAX_S } from '@ownsight/protocol/limits'
import type { Right } from '@ownsight/protocol/messages'
import { rightsOf } from '@ownsight/protocol/policy'
import type { CameraClock } from './camera-clock.ts'
import type { PolicyStore } from './policy-store.ts'

type Grounds = { policies: Pick<PolicyStore, 'current'>; clock: Pick<CameraClock, 'read'> }

/** The rights this viewer has at this moment, or why it may not watch. */
export function verdict({ policies, clock }: Grounds, viewer: string): readonly Right[] | EndedCode {
  const policy = policies.current()
  if (!policy) return 'released'
  try {
    return rightsOf(policy, viewer, clock.read())
  } catch (error) {
    const code = faultCode(error)
    return code === 'expired' || code === 'clock' ? 'expired' : code === 'private' ? 'private' : 'removed'
  }
}

/** Seconds since the epoch: twelve hours, or the end of the viewer's own right. */
export function sessionEnd({ policies }: Grounds, viewer: string): number {
  const longest = Math.floor(Date.now() / 1000) + SESSION_MAX_S
  return Math.min(longest, policies.current()?.viewers.get(viewer)?.exp ?? longest)
}
