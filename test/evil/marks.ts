import assert from 'node:assert/strict'
import { cameraTag, verifyMark } from '@ownsight/camera-agent/media/mark'
import type { ReadMark } from '../support/mark-reader.ts'

/** Every mark that a page drew must be of this camera and right; says how many there were. */
export function onlyOwn(marks: readonly ReadMark[], camId: string, key: Uint8Array): number {
  const tag = cameraTag(camId)
  const foreign = marks.filter(mark => mark.camera !== tag)
  assert.equal(foreign.length, 0, `${foreign.length} frames of another camera under ${camId}`)
  assert.ok(marks.every(mark => verifyMark(mark, camId, key)))
  return marks.length
}
