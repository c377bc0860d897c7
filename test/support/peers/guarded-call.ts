import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import { acceptOffer, type CameraPeer } from '@ownsight/camera-agent/rtc/peer'
import type { Picture } from '@ownsight/camera-agent/rtc/send/media-sender'
import { lintSdp } from '@ownsight/protocol/sdp-lint'
import { until } from '../wait.ts'
import type { BadPath } from './bad-path.ts'
import type { PeerProcess } from './peer-process.ts'
import type { Stack } from './stacks.ts'

/** One viewer of another stack and the camera's end that answers it, as `serve.ts` would. */
export type Call = { readonly viewer: PeerProcess; readonly camera: CameraPeer; close(): Promise<void> }

/**
 * @param options.path what lies between the two; nothing when absent
 * @param options.change what the camera takes for the signed offer
 */
export async function call(
  stack: Stack,
  options: { path?: BadPath; change?: (offer: string) => string } = {},
): Promise<Call> {
  const { path, change = offer => offer } = options
  const viewer = await stack.open()
  try {
    const lint = lintSdp(change(path?.offer(viewer.offer) ?? viewer.offer), { kind: 'offer' })
    assert.ok(lint.ok, JSON.stringify(lint))
    const camera = await acceptOffer(lint.sdp, { signal: new AbortController().signal })
    viewer.take(path?.answer(camera.answer) ?? camera.answer)
    const close = async (): Promise<void> => {
      await camera.close()
      await viewer.close()
      path?.close()
    }
    return { viewer, camera, close }
  } catch (error) {
    path?.close()
    await viewer.close()
    throw error
  }
}

/**
 * Both ends are open, each hears the other where they are to talk, and the viewer has so many packets and decoded
 * pictures.
 */
export async function plays(
  { viewer, camera }: Call,
  clip: (i: number) => Picture,
  options: { packets: number; frames: number; timeout: number; talk?: boolean },
): Promise<void> {
  const { packets, frames, timeout, talk = true } = options
  const heard: string[] = []
  camera.onMessage(text => heard.push(text))
  const isOpen = await Promise.race([camera.open.then(() => true), delay(timeout, false, { ref: false })])
  assert.ok(isOpen, `the camera's end was not open after ${timeout / 1000} s`)
  await until(() => viewer.isOpen(), { timeout, what: "the viewer's channel" })
  if (talk) {
    viewer.send('from the viewer')
    camera.send('from the camera')
  }
  const lacking = (): string =>
    [
      !talk || heard.includes('from the viewer') ? '' : "the viewer's message",
      !talk || viewer.messages.includes('from the camera') ? '' : "the camera's message",
      viewer.received.packets >= packets ? '' : `${packets} packets, of ${viewer.received.packets}`,
      viewer.received.frames >= frames ? '' : `${frames} pictures, of ${viewer.received.frames}`,
    ]
      .filter(each => each !== '')
      .join(' and ')
  let next = 0
  const playing = setInterval(() => camera.sendVideo(clip(next++)), 50)
  try {
    const end = performance.now() + timeout
    while (lacking() && performance.now() < end) await delay(25)
    assert.equal(lacking(), '', `after ${timeout / 1000} s without ${lacking()}`)
  } finally {
    clearInterval(playing)
  }
}

/** A certificate that is another's: of the right form, and of nobody here. */
export const otherFingerprint = (offer: string): string =>
  offer.replaceAll(/a=fingerprint:sha-256 .*/g, `a=fingerprint:sha-256 ${Array(32).fill('AB').join(':')}`)
