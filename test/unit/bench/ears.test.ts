import assert from 'node:assert/strict'
import { whoseTone } from '../../bench/eight/ears.ts'
import { seededRandom } from '../../evil/world.ts'

const [OWN, STRANGER] = [620, 800]

describe('bench: ears', () => {
  for (const rate of [48_000, 8000]) {
    const tone = (seconds: number, pitch = OWN): number[] =>
      Array.from(
        { length: Math.round(seconds * rate) },
        (_, i) => 0.8 * Math.sin((2 * Math.PI * pitch * i) / rate),
      )
    const silence = (seconds: number): number[] => new Array<number>(Math.round(seconds * rate)).fill(0)
    const noise = (seconds: number): number[] => {
      const random = seededRandom(1)
      return Array.from({ length: Math.round(seconds * rate) }, () => random() * 1.6 - 0.8)
    }
    const heard = (...parts: readonly number[][]) => whoseTone(Float32Array.from(parts.flat()), rate, OWN)

    describe(`at ${rate} samples a second`, () => {
      it('knows the tone of the camera, and every other', () => {
        assert.equal(heard(tone(0.8)), 'own')
        for (const pitch of [440, 800, 1000, 1300]) assert.equal(heard(tone(0.8, pitch)), 'foreign')
      })

      it('takes no gap for a stranger, wherever it is', () => {
        for (const gap of [0.02, 0.1, 0.25, 0.4]) {
          assert.equal(heard(tone(0.4), silence(gap), tone(0.4)), 'own', `${gap} s in the middle`)
          assert.equal(heard(silence(gap), tone(0.4)), 'own', `${gap} s at the start`)
          assert.equal(heard(tone(0.4), silence(gap)), 'own', `${gap} s at the end`)
        }
      })

      it('takes an own tone with parts left out of it for the own', () => {
        const parts = Array.from({ length: 30 }, (_, i) => tone(0.04).slice(((i % 3) * rate) / 100))
        assert.equal(heard(...parts), 'own')
      })

      it('hears 0.3 s of a stranger in the own tone, whenever they begin', () => {
        for (let ms = 0; ms < 100; ms += 7)
          assert.equal(heard(tone(0.2 + ms / 1000), tone(0.3, STRANGER), tone(0.2)), 'foreign', `${ms} ms`)
        assert.equal(heard(tone(0.3), silence(0.2), tone(0.3, STRANGER)), 'foreign')
        assert.equal(heard(tone(0.3, STRANGER), tone(0.5)), 'foreign')
      })

      it('has heard nobody where there is no tone, or hardly any', () => {
        assert.equal(heard(silence(0.8)), 'nothing')
        assert.equal(heard(noise(0.8)), 'nothing')
        assert.equal(heard(tone(0.8, STRANGER).map(sample => sample / 100)), 'nothing')
        assert.equal(heard(silence(0.3), tone(0.15), silence(0.3)), 'nothing')
        assert.equal(heard(silence(0.3), tone(0.15, STRANGER), silence(0.3)), 'nothing')
        assert.equal(heard(), 'nothing')
      })

      it('is not deceived by noise beside a tone', () => {
        assert.equal(heard(noise(0.4), tone(0.4)), 'own')
        assert.equal(heard(noise(0.4), tone(0.4, STRANGER)), 'foreign')
      })
    })
  }
})
