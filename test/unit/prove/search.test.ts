import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createSearch, needlesOf } from '../../prove/needles.ts'
import { mediaPackages } from '../../prove/tree.ts'

describe('prove: the search', () => {
  const slices = [randomBytes(4000), randomBytes(3000)]
  const needles = needlesOf({ slices, sets: [randomBytes(20), randomBytes(4)] })
  const search = (...chunks: Buffer[]) => {
    const each = createSearch(needles)
    for (const chunk of chunks) each.add(chunk)
    return each.end()
  }

  it('finds nothing in noise, and every piece in the pictures', () => {
    assert.equal(search(randomBytes(100_000)).found.size, 0)
    assert.ok((search(...slices).found.get('coded picture') ?? 0) >= 7)
  })

  it('finds each single picture, raw or written as text', () => {
    for (const slice of slices)
      for (const kept of [slice, Buffer.from(slice.toString('base64')), Buffer.from(slice.toString('hex'))])
        assert.ok(search(randomBytes(500), kept, randomBytes(500)).found.size > 0)
  })

  it('finds what lies across the edge of two chunks, once', () => {
    const piece = needles.find(needle => needle.what === 'coded picture')?.bytes ?? Buffer.alloc(0)
    const text = Buffer.concat([randomBytes(50), piece, randomBytes(50)])
    for (let cut = 0; cut <= text.length; cut += 7)
      assert.deepEqual([...search(text.subarray(0, cut), text.subarray(cut)).found], [['coded picture', 1]])
  })

  it('finds a picture written as base64 or hex, however it is aligned', () => {
    for (let shift = 0; shift < 3; shift++) {
      const whole = Buffer.concat([randomBytes(shift), ...slices])
      assert.ok(search(Buffer.from(whole.toString('base64'))).found.has('coded picture in base64'))
      assert.ok(search(Buffer.from(whole.toString('base64url'))).found.has('coded picture in base64'))
      assert.ok(search(Buffer.from(whole.toString('hex'))).found.has('coded picture in hex'))
    }
  })

  it('finds the head of a JPEG', () => {
    const jpeg = Buffer.from('ffd8ffe000104a46494600010100000100010000', 'hex')
    assert.deepEqual([...search(randomBytes(30), jpeg).found.keys()], ['JPEG head'])
  })
})

describe('prove: the packages of the server', () => {
  const lock = JSON.parse(
    readFileSync(join(import.meta.dirname, '..', '..', '..', 'package-lock.json'), 'utf8'),
  )

  it('attack 45: hold no media library; those of the camera agent do', () => {
    assert.deepEqual(mediaPackages(lock), [])
    assert.ok(mediaPackages(lock, 'camera-agent').includes('werift'))
  })

  it('one that is added is named, directly or below another', () => {
    for (const owner of ['signaling', 'node_modules/fastify']) {
      const entry = lock.packages[owner]
      const doctored = {
        packages: {
          ...lock.packages,
          [owner]: { ...entry, dependencies: { ...entry.dependencies, sharp: '1.0.0' } },
          'node_modules/sharp': {},
        },
      }
      assert.deepEqual(mediaPackages(doctored), ['sharp'])
    }
  })
})
