import assert from 'node:assert/strict'
import { installGuard } from '@ownsight/camera-agent/rtc/dtls-guard'
import type { Picture } from '@ownsight/camera-agent/rtc/send/media-sender'
import { type Call, call, otherFingerprint, plays } from '../../support/peers/guarded-call.ts'
import { STACKS } from '../../support/peers/stacks.ts'
import { noteVouched } from '../../support/peers/vouched.ts'
import { createClip } from '../../support/peers/vp8-clip.ts'

describe('honest peers of other stacks', function () {
  this.timeout(60_000)
  let vouched: string[]
  let clip: (i: number) => Picture
  let held: Call | undefined
  before(async () => {
    installGuard()
    vouched = noteVouched()
    clip = await createClip()
  })
  beforeEach(() => void vouched.splice(0))
  afterEach(async () => {
    await held?.close()
    held = undefined
  })

  for (const stack of STACKS)
    describe(stack.name, () => {
      it('passes the guard, which vouches for its own certificate, and decodes pictures', async () => {
        held = await call(stack)
        await plays(held, clip, { packets: 30, frames: 10, timeout: 30_000 })
        assert.deepEqual(vouched, [held.viewer.own()])
        assert.equal(held.viewer.seen(), held.camera.fingerprint)
        assert.ok(held.viewer.offer.includes(vouched[0] ?? 'none'))
      })

      it('is refused where the signed offer names another certificate: nothing opens and no RTP leaves', async () => {
        held = await call(stack, { change: otherFingerprint })
        const { camera, viewer } = held
        const refused = assert.rejects(
          camera.open,
          (error: Error & { code?: string }) => error.name === 'GuardError' && error.code === 'fingerprint',
        )
        assert.equal(await camera.closed, 'possession_failed')
        await refused
        camera.sendVideo(clip(0))
        assert.deepEqual([vouched, camera.rtpSent(), viewer.received.packets], [[], 0, 0])
        assert.equal(viewer.isOpen(), false)
      })
    })
})
