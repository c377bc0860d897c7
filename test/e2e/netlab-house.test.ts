import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import { createLab, type HomeOptions, type Lab } from '../netlab/lab.ts'
import { type LabHouse, openLabHouse } from '../netlab/lab-house.ts'
import { testId, untilState, watch } from '../support/app.ts'
import { type Moment, pictureStory, watchPicture } from '../support/picture-story.ts'
import { stopAll } from '../support/processes.ts'
import { until } from '../support/wait.ts'

describe('the product in the network lab', function () {
  this.timeout(180_000)
  let lab: Lab<'camera' | 'viewer'> | undefined
  let house: LabHouse | undefined

  afterEach(async () => {
    await house?.close()
    await lab?.close()
    await stopAll()
    house = lab = undefined
  })

  async function watchIn(home: HomeOptions): Promise<LabHouse> {
    lab = await createLab({ homes: { camera: home, viewer: home } })
    house = await openLabHouse(lab, { family: home.family === 'ipv6' ? 'ipv6' : 'ipv4' })
    await keepAnswers(house.page)
    await watch(house.page, 'Door')
    await untilState(house.page, 'live', 60_000)
    return house
  }
  const path = ({ page }: LabHouse): Promise<string> => testId(page, 'path').innerText()

  it('is direct between two port-restricted NATs, and live again at another address', async () => {
    const { page } = await watchIn({ nat: 'port-restricted' })
    assert.match(await path(house!), /^Direct/)
    const [answer = ''] = await answersTo(page)
    const { host = 0, srflx = 0 } = priorities(answer)
    assert.ok(host < srflx, `the address of the house is tried first, at ${host} before ${srflx}`)
    await watchPicture(page)
    await lab!.homes.viewer.moveAddress()
    const moved = await page.evaluate(() => performance.now())
    // What is drawn so long after the old address went can only have come to the new one.
    const isBack = ({ at, state, age }: Moment): boolean => at > moved + 3000 && state === 'live' && age < 500
    await until(async () => (await pictureStory(page)).some(isBack), {
      timeout: 60_000,
      every: 200,
      what: 'a picture at the new address',
    })
  })

  it('is direct over IPv6 alone, through the filters of both homes', async () => {
    assert.match(await path(await watchIn({ family: 'ipv6' })), /^Direct/)
  })

  it('is relayed where neither home lets UDP out', async () => {
    assert.match(
      await path(await watchIn({ nat: 'symmetric', udp: 'blocked' })),
      /^Relayed, as this network blocks UDP/,
    )
    const sent = lab!.homes.camera.sent().filter(each => each.protocol === 'tcp')
    assert.deepEqual([...new Set(sent.map(each => each.address))], [lab!.server.ipv4[0]])
  })
})

/** What the camera answers from now on, as the page is given it. */
const keepAnswers = (page: Page): Promise<void> =>
  page.evaluate(() => {
    const answers: string[] = []
    const { prototype } = RTCPeerConnection
    const original: (description: RTCSessionDescriptionInit) => Promise<void> = prototype.setRemoteDescription
    prototype.setRemoteDescription = function setRemoteDescription(description: RTCSessionDescriptionInit) {
      answers.push(description.sdp ?? '')
      return original.call(this, description)
    }
    Object.assign(globalThis, { answers })
  })
const answersTo = (page: Page): Promise<string[]> =>
  page.evaluate(() => (globalThis as unknown as { answers: string[] }).answers)

/** By type of candidate. */
const priorities = (sdp: string): { [type: string]: number } =>
  Object.fromEntries(
    [...sdp.matchAll(/^a=candidate:\S+ \d \S+ (\d+) .* typ (\w+)/gm)].map(([, priority, type]) => [
      type,
      Number(priority),
    ]),
  )
