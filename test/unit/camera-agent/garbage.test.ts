import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { FLAGS } from '@ownsight/camera-agent/garbage'

const module = join(import.meta.dirname, '..', '..', '..', 'camera-agent', 'src', 'garbage.ts')

describe('garbage collected on the thread that sends', () => {
  it('is asked for by flags that this Node knows: V8 would complain, and go on', () => {
    const script = `const { collectOnThisThread } = await import(${JSON.stringify(module)}); collectOnThisThread()`
    const run = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })
    assert.deepEqual([run.status, run.stdout, run.stderr], [0, '', ''])
  })

  it('by flags that are on without it', () => {
    const options = execFileSync(process.execPath, ['--v8-options'], { encoding: 'utf8' })
    const lines = options.split('\n').map(line => line.trim())
    for (const flag of FLAGS.map(each => each.replace('--no-', '--'))) {
      const at = lines.findIndex(line => line.startsWith(`${flag} (`))
      assert.match(lines[at + 1] ?? '', new RegExp(`default: ${flag}$`))
    }
  })
})
