import assert from 'node:assert/strict'
import { createLab, type Lab } from '../netlab/lab.ts'
import { type LabHouse, openLabHouse } from '../netlab/lab-house.ts'
import { testId, untilState, watch } from '../support/app.ts'
import { stopAll } from '../support/processes.ts'
import { shoot } from '../support/sharing.ts'

/** What a person sees who asks why no picture comes, with the fault made in the lab. */
describe('test my connection', function () {
  this.timeout(180_000)
  let lab: Lab<'camera' | 'viewer'>
  let house: LabHouse

  before(async () => {
    lab = await createLab({ homes: { camera: {}, viewer: {} } })
    house = await openLabHouse(lab)
  })
  after(async () => {
    await house?.close()
    await lab?.close()
    await stopAll()
  })

  async function verdict(): Promise<string | null> {
    const { page } = house
    await page.getByRole('button', { name: 'Test my connection' }).click()
    await testId(page, 'verdict').waitFor({ timeout: 30_000 })
    return testId(page, 'verdict').getAttribute('data-code')
  }
  const back = () => house.page.getByRole('button', { name: '← Cameras' }).click()
  afterEach(async () => {
    const button = house.page.getByRole('button', { name: '← Cameras' })
    if ((await button.count()) > 0) await button.click()
  })

  it('all is well', async () => {
    assert.equal(await verdict(), 'good')
    await shoot(house.page, 'connection')
    assert.match(await testId(house.page, 'connection-test').innerText(), /UDP, TCP, TLS/)
    assert.match(await testId(house.page, 'connection-test').innerText(), /one port for all/)
    await back()
  })

  it('a hidden address: the camera is watched over the relay, and the page says why', async () => {
    const { page } = house
    await verdict()
    await page.getByRole('switch', { name: 'Hide my address' }).click()
    await back()
    await watch(page, 'Door')
    await untilState(page, 'live', 30_000)
    await testId(page, 'path').waitFor()
    assert.match(await testId(page, 'path').innerText(), /^Relayed, as your address is hidden/)
    await back()
    await verdict()
    await page.getByRole('switch', { name: 'Hide my address' }).click()
    await back()
    await watch(page, 'Door')
    await untilState(page, 'live', 30_000)
    await testId(page, 'path').waitFor()
    assert.match(await testId(page, 'path').innerText(), /^Direct/)
    await back()
  })

  it('UDP is blocked', async () => {
    await lab.homes.viewer.change({ udp: 'blocked' })
    assert.equal(await verdict(), 'udp_blocked')
    await shoot(house.page, 'connection-udp')
    await back()
    await lab.homes.viewer.change({ udp: 'open' })
  })

  it('a router that gives each its own port is named', async () => {
    await lab.homes.viewer.change({ nat: 'symmetric' })
    assert.equal(await verdict(), 'good')
    assert.match(await testId(house.page, 'connection-test').innerText(), /a port for each/)
    await back()
    await lab.homes.viewer.change({ nat: 'port-restricted' })
  })

  it('the relay is away', async () => {
    await house.turn.process.stop()
    assert.equal(await verdict(), 'relay_away')
    await back()
  })

  it('the server is away', async () => {
    await house.signaling.kill('SIGKILL')
    assert.equal(await verdict(), 'offline')
    await shoot(house.page, 'connection-offline')
  })
})
