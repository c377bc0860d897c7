import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { frugally } from '@ownsight/signaling/allocator'
import { spawnTestSignaling } from '../../support/signaling.ts'

describe('how memory is given back', () => {
  const GROWING = '--heap-growing-percent=50'
  const program = { args: ['main.ts', '--port', '1'], env: { HOME: '/root' } }

  it('starts the same program again with the settings, once', () => {
    const again = frugally('linux', ['--import', 'x.ts'], program)
    assert.ok(again)
    assert.deepEqual(again.args.slice(-5), ['--import', 'x.ts', 'main.ts', '--port', '1'])
    assert.equal(again.env.HOME, '/root')
    assert.equal(frugally('linux', ['--import', 'x.ts'], again), undefined)
  })

  it('leaves alone what the operator has set, and other systems', () => {
    assert.equal(frugally('linux', [], { ...program, env: { MALLOC_ARENA_MAX: '8' } }), undefined)
    assert.equal(frugally('darwin', [], program), undefined)
    const own = frugally('linux', ['--max-semi-space-size=64'], program)
    assert.deepEqual(own?.args, [GROWING, '--max-semi-space-size=64', ...program.args])
    const options = frugally('linux', [], { ...program, env: { NODE_OPTIONS: '--max-semi-space-size=64' } })
    assert.deepEqual(options?.args, [GROWING, ...program.args])
  })

  it('is in force in a server started from its command line, under the same process id', async () => {
    const server = await spawnTestSignaling()
    try {
      const environment = readFileSync(`/proc/${server.child.pid}/environ`, 'latin1').split('\0')
      assert.ok(environment.includes('MALLOC_ARENA_MAX=2'))
      assert.match(readFileSync(`/proc/${server.child.pid}/cmdline`, 'latin1'), /--max-semi-space-size=4/)
    } finally {
      await server.close()
    }
  }).timeout(20_000)
})
