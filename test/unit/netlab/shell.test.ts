import assert from 'node:assert/strict'
import type { Lab } from '../../netlab/lab.ts'
import { PERFECT } from '../../netlab/link-settings.ts'
import { obeyLine } from '../../netlab/shell.ts'

/** A lab that only writes down what it is asked for. */
function fakeLab(): { lab: Lab; calls: unknown[][] } {
  const calls: unknown[][] = []
  const note =
    (name: string) =>
    async (...args: unknown[]): Promise<void> =>
      void calls.push([name, ...args])
  const home = {
    addresses: () => ['10.2.0.3'],
    line: { set: note('set'), blackHole: note('blackHole'), follow: note('follow') },
    moveAddress: note('moveAddress'),
    rebind: note('rebind'),
    change: note('change'),
  }
  return { lab: { homes: { viewer: home } } as unknown as Lab, calls }
}

describe('netlab: what a person types', () => {
  for (const [line, call] of [
    ['viewer link 10%,300ms', ['set', { ...PERFECT, loss: 0.1, delay: 150 }]],
    ['viewer hole on', ['blackHole', true]],
    ['viewer hole off', ['blackHole', false]],
    ['viewer follow 3g', ['follow', '3g', { loop: true }]],
    ['viewer follow none', ['follow', null, { loop: true }]],
    ['  viewer   rebind ', ['rebind']],
    ['viewer udp blocked', ['change', { udp: 'blocked' }]],
  ] as const)
    it(line, async () => {
      const { lab, calls } = fakeLab()
      await obeyLine(lab, line, () => undefined)
      assert.deepEqual(calls, [call])
    })

  it('is told the new addresses', async () => {
    const { lab, calls } = fakeLab()
    const said: string[] = []
    await obeyLine(lab, 'viewer move', text => said.push(text))
    assert.deepEqual([calls, said], [[['moveAddress']], ['now 10.2.0.3']])
  })

  for (const [line, fault] of [
    ['camera hole on', /"camera" is none of viewer/],
    ['viewer jump', /"jump" is none of link, hole/],
    ['viewer hole maybe', /none of on, off/],
    ['viewer follow 5g', /none of lte-drive/],
    ['viewer link fast', /says nothing about a link/],
  ] as const)
    it(`"${line}" is refused with what it could be`, async () => {
      const { lab, calls } = fakeLab()
      await assert.rejects(
        obeyLine(lab, line, () => undefined),
        fault,
      )
      assert.deepEqual(calls, [])
    })
})
