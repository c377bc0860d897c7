import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { testId, untilState } from '../support/app.ts'
import { until } from '../support/wait.ts'
import { type EvilHouse, openEvilHouse } from './evil-house.ts'

/** How pictures begin, in bytes: JPEG, PNG, WebP and MP4, an IVF file, and H.264 between start codes. */
const MEDIA = ['ffd8ff', '89504e470d0a1a0a', '52494646', '66747970', '444b4946', '0000000167', '0000000165']
const NAME = 'Nursery of Ada'

/** Text, and what it holds in base64: a picture would have to come as either. */
function findings(bytes: Buffer): string[] {
  const text = bytes.toString('latin1')
  const encoded = (text.match(/[\w+/-]{64,}/g) ?? []).map(each => Buffer.from(each, 'base64'))
  const found = [bytes, ...encoded].flatMap(each => {
    const hex = each.subarray(0, 64).toString('hex')
    return MEDIA.filter(
      magic => hex.startsWith(magic) || (magic.startsWith('000000') && each.includes(magic, 0, 'hex')),
    )
  })
  return text.includes(NAME) ? [...found, 'the name'] : found
}

describe('evil: what the server could have kept', function () {
  this.timeout(120_000)
  let house: EvilHouse
  before(async () => {
    house = await openEvilHouse()
  })
  after(() => house?.close())

  it('attack 45: no message, request, response or row of a whole live view holds a picture or a name', async () => {
    const seen: Buffer[] = []
    house.evil.hooks.packet = ({ body }) => {
      seen.push(Buffer.from(JSON.stringify(body) ?? ''))
      return undefined
    }
    house.evil.hooks.request = ({ body }) => {
      seen.push(body)
      return undefined
    }
    house.evil.hooks.response = ({ body }, { url }) => {
      // The app's own files have a picture: its icon.
      if (url.startsWith('/api/')) seen.push(body)
      return undefined
    }
    const page = await house.member('ada')
    await house.pair(page, house.agent([{ name: NAME }]), NAME)
    await testId(page, 'camera').getByRole('button', { name: NAME }).first().click()
    await untilState(page, 'live', 60_000)
    const frames = () =>
      page.evaluate('document.querySelector("video").getVideoPlaybackQuality().totalVideoFrames')
    await until(async () => Number(await frames()) > 50, { timeout: 30_000, what: '50 frames' })
    assert.ok(seen.length > 20, `${seen.length} messages were looked at`)
    assert.deepEqual(seen.flatMap(findings), [])
    assert.equal(
      house.evil.world.links().reduce((sum, { binary }) => sum + binary, 0),
      0,
      'no binary frame',
    )
    for (const file of readdirSync(house.evil.data))
      assert.deepEqual(findings(readFileSync(join(house.evil.data, file))), [], file)
  })

  it('attack 45: a picture or a name would be found, in bytes or in base64', () => {
    const jpeg = Buffer.concat([Buffer.from('ffd8ffe0', 'hex'), Buffer.alloc(80, 7)])
    assert.deepEqual(findings(jpeg), ['ffd8ff'])
    assert.deepEqual(findings(Buffer.from(`{"still":"${jpeg.toString('base64')}"}`)), ['ffd8ff'])
    assert.deepEqual(findings(Buffer.from(`{"name":"${NAME}"}`)), ['the name'])
  })
})
