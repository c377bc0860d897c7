import assert from 'node:assert/strict'
import { cpSync, existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openLife } from '@ownsight/camera-agent/life'
import { endIdentity, resetCamera } from '@ownsight/camera-agent/reset'
import { removeTemp, tempFolder } from '../../support/temp.ts'
import { type PairedLife, pairedLife } from './paired-life.ts'

describe('reset', () => {
  let camera: PairedLife
  beforeEach(async () => {
    camera = await pairedLife()
    await camera.life.journal.boot('test')
  })
  afterEach(() => camera.dispose())

  it('attack 31: leaves a new key and nothing else', async () => {
    writeFileSync(join(camera.folder, 'state.json.new'), 'half')
    await resetCamera(camera.folder)
    assert.deepEqual(readdirSync(camera.folder), ['key.json'])
    const next = await openLife(camera.folder)
    assert.notEqual(next.keys.cam.id, camera.home.cam.id)
    assert.equal(next.policies.state(), undefined)
    await next.log.close()
  })

  it('M-5.20 what a crash left of it is erased at the next start', async () => {
    await endIdentity(camera.folder)
    assert.ok(existsSync(join(camera.folder, 'state.json')))
    const next = await openLife(camera.folder)
    assert.deepEqual(readdirSync(camera.folder), ['key.json'])
    assert.equal(next.log.place().i, 0)
    await next.log.close()
  })

  it('a start of a paired camera erases nothing', async () => {
    const before = tempFolder('before')
    cpSync(camera.folder, before, { recursive: true })
    await camera.restart()
    assert.deepEqual(readdirSync(camera.folder), readdirSync(before))
    assert.equal(camera.life.policies.current()?.policy.n, 1)
    assert.equal(camera.life.log.place().i, 1)
    removeTemp(before)
  })
})
