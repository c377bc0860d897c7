import assert from 'node:assert/strict'
import { randomId } from '@ownsight/protocol/bytes'
import { generateKeyPair, type KeyPair } from '@ownsight/protocol/ids'
import { sealStatus } from '@ownsight/protocol/read'
import { formatKit, newRootSeed, rootKeyPair, rosterKey, wordsToSeed } from '@ownsight/protocol/recovery'
import { sealRoster } from '@ownsight/protocol/roster'
import type { Page } from 'playwright-core'
import { type EvilHouse, openEvilHouse } from '../evil/evil-house.ts'
import { isServing, startAgent, type TestAgent } from '../support/agent.ts'
import { makeKit, signIn, testId, untilState } from '../support/app.ts'
import { acceptAs, closeLink, inviteGuest, openSettings, shoot } from '../support/sharing.ts'
import { until } from '../support/wait.ts'

const DOOR = 'Front door'
const GARAGE = 'Garage'

/** Every device of the owner is gone; there is a password, a kit, and a server that would rather show its own camera. */
describe('taking control back with the recovery kit', function () {
  this.timeout(300_000)
  let house: EvilHouse
  let door: TestAgent
  let garage: TestAgent
  /** the device that was lost, in the hands of whoever found it */
  let lost: Page
  let guest: Page
  let fresh: Page
  let kit: { words: string[]; line: string }
  let oldList: string
  let doorId = ''

  const source = { kind: 'test-pattern', width: 320, height: 180, fps: 10 }
  before(async () => {
    house = await openEvilHouse()
    lost = await house.member('olga')
    await lost.getByRole('button', { name: 'Add a camera' }).click()
    await testId(lost, 'kit-words').waitFor()
    await shoot(lost, 'kit')
    const words = await makeKit(lost)
    await testId(lost, 'pairing-code').waitFor()
    await lost.getByRole('link', { name: 'Ownsight' }).click()
    door = house.agent([{ name: DOOR, source }])
    doorId = await house.pair(lost, door, DOOR)
    oldList = await rosterOf(lost)
    garage = house.agent([{ name: GARAGE, source }])
    const garageId = await house.pair(lost, garage, GARAGE)
    kit = { words, line: formatKit(wordsToSeed(words), [doorId, garageId]) }
    guest = await letGrandmaIn()
    await garage.kill('SIGKILL')
    fresh = (await house.profile()).page
  })
  after(() => house?.close())

  const rosterOf = (page: Page): Promise<string> =>
    page.evaluate(async () => (await fetch('/api/roster')).text())

  async function letGrandmaIn(): Promise<Page> {
    const { page } = await house.profile()
    await openSettings(lost, DOOR)
    const link = await inviteGuest(lost, { guest: 'Grandma', until: 'Family: without end' })
    await closeLink(lost)
    await acceptAs(page, link, 'grandma')
    await lost.getByRole('button', { name: 'Allow' }).click({ timeout: 60_000 })
    await untilState(page, 'live', 60_000)
    return page
  }
  const says = (page: Page, id: string, text: RegExp | string) =>
    testId(page, id).filter({ hasText: text }).first().waitFor({ timeout: 30_000 })
  const step = (page: Page, camera: string, wanted: string) =>
    until(
      async () =>
        (await testId(page, 'restoring').filter({ hasText: camera }).getAttribute('data-step')) === wanted,
      { timeout: 60_000, what: `${camera} to be ${wanted}` },
    )
  /** The server answers the question for the list with this. */
  function plant(body: string): void {
    house.evil.hooks.response = (response, { method, url }) => {
      if (method !== 'GET' || url !== '/api/roster') return undefined
      const bytes = Buffer.from(body)
      return {
        ...response,
        body: bytes,
        headers: { ...response.headers, 'content-length': `${bytes.length}` },
      }
    }
  }
  async function openKit(page: Page): Promise<void> {
    await testId(page, 'kit-line').fill(kit.line)
    await page.getByRole('button', { name: 'Open the kit' }).click()
  }

  it('a browser without keys says so, and that without kit or device only the button on the camera helps', async () => {
    await signIn(fresh, house.evil.origin, 'olga')
    await says(fresh, 'keyless', 'This browser holds no keys for your cameras')
    assert.equal(await testId(fresh, 'camera').count(), 0)
    await fresh.getByText('I have neither').click()
    await says(fresh, 'neither', 'nobody can give these cameras back to you')
    await says(fresh, 'neither', 'reset button on each camera')
    await shoot(fresh, 'keyless')
  })

  it('words are checked one by one, and another home’s kit opens nothing', async () => {
    await fresh.getByRole('button', { name: 'Use my recovery kit' }).click()
    await shoot(fresh, 'kit-entry')
    await fresh.getByRole('button', { name: 'Type the 24 words' }).click()
    const wrong = kit.words.map((word, i) => (i === 2 ? 'ownsight' : word))
    await fresh.getByLabel('Word 1', { exact: true }).fill(wrong.join(' '))
    await fresh.getByLabel('Word 3', { exact: true }).focus()
    await fresh.getByLabel('Word 4', { exact: true }).focus()
    await fresh.getByText('Not in the list of words: number 3').waitFor()
    await shoot(fresh, 'kit-words-wrong')
    assert.ok(await fresh.getByRole('button', { name: 'Open the kit' }).isDisabled())
    await fresh.getByRole('button', { name: 'I have the file' }).click()
    await testId(fresh, 'kit-line').fill(formatKit(newRootSeed(), []))
    await fresh.getByRole('button', { name: 'Open the kit' }).click()
    await says(fresh, 'failure', 'This kit does not open the list')
    await shoot(fresh, 'kit-foreign')
  })

  it('a camera that the server calls “Front door” is not believed', async () => {
    const impostor = await generateKeyPair()
    const list = [{ camId: impostor.id, key: impostor.publicKey, name: DOOR }]
    const sealed = await sealRoster(await rosterKey(newRootSeed()), list, 9)
    plant(JSON.stringify({ version: 9, sealed }))
    try {
      await openKit(fresh)
      await says(fresh, 'failure', 'the server sent a list that is not yours')
      assert.equal(await testId(fresh, 'restoring').count(), 0)
    } finally {
      house.evil.hooks.response = undefined
    }
    // The right list now, and the server's own camera answers in the place of the owner's.
    const reply = await impostorReply(impostor)
    house.evil.hooks.packet = packet =>
      packet.event === 'read' && packet.is === 'reply' && packet.direction === 'down'
        ? [{ ...packet, body: reply }]
        : undefined
    try {
      await openKit(fresh)
      await step(fresh, DOOR, 'foreign')
      await says(fresh, 'restoring', 'Something answered in place of Front door, and was not believed')
      await shoot(fresh, 'kit-impostor')
    } finally {
      house.evil.hooks.packet = undefined
    }
    await fresh.getByRole('button', { name: 'Cancel' }).click()
    await fresh.getByRole('button', { name: 'Use my recovery kit' }).click()
  })

  /** What a camera would say of itself that claims the id of the owner's, under the only key it has. */
  async function impostorReply(impostor: KeyPair): Promise<{ policy: string; status: string }> {
    const root = await rootKeyPair(wordsToSeed(kit.words))
    const status = await sealStatus(
      { ...impostor, id: doorId },
      {
        aud: root.id,
        no: randomId(),
        n: 1,
        ph: doorId,
        signer: impostor.publicKey,
        fw: 'impostor',
        watching: 0,
        waiting: [],
        head: { i: 0, h: doorId },
      },
    )
    return { policy: status, status }
  }

  it('an old list is used no further than it goes, and said to be old', async () => {
    plant(oldList)
    try {
      await openKit(fresh)
      await says(fresh, 'missing', 'One camera of your kit is not in the list')
      await step(fresh, DOOR, 'found')
      assert.equal(await testId(fresh, 'restoring').count(), 1)
      await shoot(fresh, 'kit-old-list')
    } finally {
      house.evil.hooks.response = undefined
    }
    await fresh.getByRole('button', { name: 'Cancel' }).click()
  })

  it('from the password to a camera that obeys, in under two minutes; the finder is out, the family stays', async () => {
    const { page } = await house.profile()
    const started = Date.now()
    let clicks = 0
    const click = async (name: string) => {
      clicks++
      await page.getByRole('button', { name }).click()
    }
    await signIn(page, house.evil.origin, 'olga')
    clicks++
    await click('Use my recovery kit')
    await testId(page, 'kit-line').fill(kit.line)
    await click('Open the kit')
    await step(page, DOOR, 'found')
    await step(page, GARAGE, 'offline')
    const grandma = testId(page, 'candidate').filter({ hasText: 'Grandma' }).getByRole('checkbox')
    const finder = testId(page, 'candidate').filter({ hasText: 'one of your devices' }).getByRole('checkbox')
    assert.ok(await grandma.isChecked())
    assert.equal(await finder.isChecked(), false)
    await shoot(page, 'kit-review')
    await click('Take my cameras back')
    await step(page, DOOR, 'restored')
    const seconds = (Date.now() - started) / 1000
    process.stdout.write(`        ${clicks} clicks, ${seconds.toFixed(1)} s\n`)
    assert.ok(seconds < 120, `${seconds} s`)
    await says(page, 'restoring', 'Front door: yours again')
    await says(page, 'keep-open', 'Keep this page open')
    await shoot(page, 'kit-offline')

    garage = startAgent({ server: house.evil.origin, data: garage.data, cameras: [{ name: GARAGE, source }] })
    await garage.report(isServing)
    await step(page, GARAGE, 'restored')
    await shoot(page, 'kit-done')
    await click('Done')
    assert.equal(await testId(page, 'camera').count(), 2)
    assert.equal(await testId(page, 'unrestored').count(), 0)
    await testId(page, 'camera').getByRole('button', { name: DOOR }).click()
    await untilState(page, 'live', 60_000)
    await untilState(guest, 'live', 60_000)
    fresh = page
  })

  it('the device that was lost neither watches nor changes anything', async () => {
    await lost.getByRole('link', { name: 'Ownsight' }).click()
    await testId(lost, 'camera').getByRole('button', { name: DOOR }).click()
    await lost
      .getByRole('button', { name: 'Try again' })
      .or(testId(lost, 'failure').locator('p'))
      .first()
      .waitFor({ timeout: 60_000 })
    assert.equal(await testId(lost, 'video').count(), 0)
    await openSettings(fresh, DOOR)
    await testId(fresh, 'person').filter({ hasText: 'Grandma' }).waitFor()
    assert.equal(await testId(fresh, 'person').count(), 2)
    await garage.dispose()
  })
})
