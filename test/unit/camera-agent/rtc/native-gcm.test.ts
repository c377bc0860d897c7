import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { randomBytes, randomInt } from 'node:crypto'
import { isSound, nativeGcm, plainGcm, TAG_BYTES } from '@ownsight/camera-agent/rtc/native/gcm'
import { big } from '@ownsight/camera-agent/rtc/native/library'

const native = nativeGcm()
const hasNative = process.platform === 'linux' && ['x64', 'arm64'].includes(process.arch)

/** In a process of its own: whether one is there is found out once. */
function inProcess(env: NodeJS.ProcessEnv, ...flags: string[]): { is: string; stderr: string } {
  const module = new URL('../../../../camera-agent/src/rtc/native/gcm.ts', import.meta.url)
  const program = `const { nativeGcm } = await import('${module}'); console.log(nativeGcm() ? 'native' : 'plain')`
  const { stdout, stderr } = spawnSync(process.execPath, [...flags, '--input-type=module', '-e', program], {
    env: { ...process.env, ...env },
    encoding: 'utf8',
  })
  return { is: stdout.trim(), stderr }
}

describe('AES-128-GCM called directly', () => {
  it('is there, on the machines that this project is tested on', function () {
    if (!hasNative) return this.skip() // other machines send by Node's own functions
    assert.ok(native)
  })

  it('gives what Node’s own functions give, for packets of all sizes under many keys in turn', () => {
    const open = native ?? plainGcm
    const keys = Array.from({ length: 5 }, () => randomBytes(16))
    const pairs = keys.map(key => [open(key), plainGcm(key)] as const)
    for (let i = 0; i < 3000; i++) {
      const [ours, theirs] = pairs[i % pairs.length] as (typeof pairs)[number]
      const [iv, header, text] = [
        randomBytes(12),
        randomBytes(randomInt(0, 65)),
        randomBytes(randomInt(1, 2049)),
      ]
      const sealed = ours(iv, header, text)
      assert.ok(sealed.equals(theirs(iv, header, text)), `${header.length} and ${text.length} bytes`)
      assert.equal(sealed.length, header.length + text.length + TAG_BYTES)
    }
  })

  it('leaves nothing of a packet in the next', () => {
    const seal = (native ?? plainGcm)(randomBytes(16))
    const [iv, header, text] = [randomBytes(12), randomBytes(20), randomBytes(500)]
    const first = Buffer.from(seal(iv, header, text))
    for (let i = 0; i < 50; i++) seal(randomBytes(12), randomBytes(12), randomBytes(1200 - i))
    assert.deepEqual(Buffer.from(seal(iv, header, text)), first)
  })

  it('refuses sizes that its memory has no room for, and goes on', function () {
    if (!native) return this.skip() // only what calls C has such limits
    const [iv, header, text] = [randomBytes(12), randomBytes(12), randomBytes(10)]
    const seal = native(randomBytes(16))
    for (const [ivBytes, headerBytes, textBytes] of [
      [12, 12, 2049],
      [12, 65, 10],
      [11, 12, 10],
      [13, 12, 10],
    ] as const)
      assert.throws(
        () => seal(randomBytes(ivBytes), randomBytes(headerBytes), randomBytes(textBytes)),
        RangeError,
      )
    for (const keyBytes of [0, 15, 17, 32])
      assert.throws(() => native(randomBytes(keyBytes))(iv, header, text), RangeError)
    assert.equal(seal(iv, header, text).length, 38)
  })

  it('is not trusted when one byte differs, or when it throws', () => {
    assert.ok(isSound(plainGcm))
    for (const at of [0, 20, -1]) {
      const wrong: typeof plainGcm = key => (iv, header, text) => {
        const sealed = plainGcm(key)(iv, header, text)
        const index = at < 0 ? sealed.length + at : Math.min(at, sealed.length - 1)
        sealed.writeUInt8(sealed.readUInt8(index) ^ 1, index)
        return sealed
      }
      assert.ok(!isSound(wrong), String(at))
    }
    const broken: typeof plainGcm = () => () => {
      throw new Error('no such thing')
    }
    assert.ok(!isSound(broken))
  })

  it('is left out when told so, and where Node may not or cannot', () => {
    assert.equal(inProcess({ OWNSIGHT_SEND: 'plain' }).is, 'plain')
    assert.equal(inProcess({}, '--no-experimental-ffi').is, 'plain')
    assert.equal(inProcess({}, '--permission', '--allow-fs-read=*').is, 'plain')
  }).timeout(20_000)

  it('is loaded without a word', function () {
    if (!hasNative) return this.skip() // nothing is loaded there
    assert.deepEqual(inProcess({}), { is: 'native', stderr: '' })
  }).timeout(20_000)
})

describe('a length that is given to C', () => {
  it('is a small whole number, or nothing is called', () => {
    assert.equal(big(0), 0n)
    assert.equal(big(4095), 4095n)
    for (const value of [-1, 4096, 1.5, Number.NaN, undefined])
      assert.throws(() => big(value as number), RangeError)
  })
})
