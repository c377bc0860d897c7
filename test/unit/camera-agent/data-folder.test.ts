import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDataFolder } from '@ownsight/camera-agent/data-folder'

describe('data folder', () => {
  let folder = ''
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ownsight-data-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  const module = join(import.meta.dirname, '../../../camera-agent/src/data-folder.ts')
  const openElsewhere = (then = '') =>
    spawnSync(process.execPath, [
      '--input-type=module-typescript',
      '-e',
      `import { openDataFolder } from ${JSON.stringify(module)}
       try { openDataFolder(${JSON.stringify(folder)}); console.log('open'); ${then} } catch (error) { console.log(error.message) }`,
    ]).stdout.toString()

  it('is for its owner alone, also when it was not', () => {
    chmodSync(folder, 0o755)
    openDataFolder(folder).release()
    assert.equal(statSync(folder).mode & 0o777, 0o700)
  })

  it('is held by one process, which the second is told', () => {
    const held = openDataFolder(folder)
    assert.match(openElsewhere(), new RegExp(`in use by process ${process.pid}`))
    held.release()
    assert.match(openElsewhere(), /open/)
  })

  it('is free again after its holder was killed', () => {
    openElsewhere('process.kill(process.pid, "SIGKILL")')
    openDataFolder(folder).release()
  })

  it('refuses data of a newer version', () => {
    openDataFolder(folder).release()
    writeFileSync(join(folder, 'schema'), '2\n')
    assert.throws(() => openDataFolder(folder), /update the camera agent/)
    writeFileSync(join(folder, 'schema'), 'what')
    assert.throws(() => openDataFolder(folder), /unreadable/)
  })

  it('holds the lock while a link to the same folder is tried', () => {
    const held = openDataFolder(folder)
    execFileSync('ln', ['-s', folder, `${folder}-link`])
    try {
      assert.throws(() => openDataFolder(`${folder}-link`), /in use/)
    } finally {
      held.release()
      rmSync(`${folder}-link`)
    }
  })
})
