import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cameraTag, verifyMark } from '@ownsight/camera-agent/media/mark'
import type { Page } from 'playwright-core'
import { type EvilHouse, openEvilHouse } from '../evil/evil-house.ts'
import { startAgent, type TestAgent } from '../support/agent.ts'
import { collectMarks, pair, takeMarks, testId, untilState } from '../support/app.ts'
import type { ReadMark } from '../support/mark-reader.ts'
import {
  acceptAs,
  acceptInTab,
  acceptWith,
  closeLink,
  inviteGuest,
  notedTime,
  noteTime,
  openSettings,
  removePerson,
  shoot,
} from '../support/sharing.ts'
import { removeTemp, tempFolder } from '../support/temp.ts'
import { until } from '../support/wait.ts'

const CAMERA = 'Front door'

/** A camera, its owner, and the people it is shared with: every step in a real page, through the real server. */
describe('sharing a camera', function () {
  this.timeout(240_000)
  const key = randomBytes(32)
  const source = {
    kind: 'test-pattern',
    width: 320,
    height: 180,
    fps: 10,
    mark: { key: key.toString('base64url') },
  }
  let house: EvilHouse
  let agent: TestAgent
  let camId: string
  let owner: Page
  let guest: Page
  let clock = ''

  before(async () => {
    clock = tempFolder('clock')
    setClock(0)
    house = await openEvilHouse()
    agent = startAgent({
      server: house.evil.origin,
      cameras: [{ name: CAMERA, source }],
      nodeArgs: ['--import', join(import.meta.dirname, '../support/shift-clock.ts')],
      env: { CLOCK_FILE: join(clock, 'shift') },
    })
    owner = await house.member('olga')
    camId = await house.pair(owner, agent, CAMERA)
    guest = (await house.profile()).page
  })
  after(async () => {
    await agent?.dispose()
    await house?.close()
    removeTemp(clock)
  })
  const setClock = (seconds: number): void => writeFileSync(join(clock, 'shift'), String(seconds))

  const says = (page: Page, id: string, text: RegExp | string) =>
    testId(page, id).filter({ hasText: text }).first().waitFor({ timeout: 30_000 })
  const confirmed = (page: Page) =>
    until(async () => (await testId(page, 'policy-state').getAttribute('data-state')) === 'confirmed', {
      timeout: 30_000,
      what: 'the camera to confirm',
    })
  const noPicture = (page: Page) =>
    until(async () => (await testId(page, 'video').count()) === 0, {
      timeout: 30_000,
      what: 'the end of the picture',
    })

  it('a guest who opens the link waits for the owner, and then sees this camera', async () => {
    await openSettings(owner, CAMERA)
    const link = await inviteGuest(owner, { guest: 'Grandma', until: '7 days', rights: ['listen'] })
    await shoot(owner, 'invite-link')
    assert.match(link, /^http:\/\/127\.0\.0\.1:\d+\/#invite=/)
    await closeLink(owner)
    await confirmed(owner)
    await testId(owner, 'invitation').filter({ hasText: 'Grandma' }).waitFor()

    await collectMarks(guest)
    await acceptAs(guest, link, 'grandma')
    await testId(guest, 'guest-waiting').filter({ hasText: 'Waiting for the owner' }).waitFor()
    await shoot(guest, 'guest-waiting')
    assert.equal(await guest.evaluate('location.hash'), '')

    await says(owner, 'waiting', 'Someone opened the invitation “Grandma”')
    await shoot(owner, 'settings-waiting')
    await owner.getByRole('button', { name: 'Allow' }).click()
    await untilState(guest, 'live', 60_000)
    await testId(owner, 'person').filter({ hasText: 'Grandma' }).waitFor()
    await collectMarks(guest)
    const marks: ReadMark[] = []
    await until(async () => marks.push(...(await takeMarks(guest)).marks) >= 20, {
      timeout: 30_000,
      every: 500,
      what: '20 frames',
    })
    assert.ok(marks.every(mark => mark.camera === cameraTag(camId) && verifyMark(mark, camId, key)))
    await says(guest, 'rights', 'You may watch and listen.')
    await shoot(guest, 'guest-live')
    await shoot(owner, 'settings')
  })

  it('privacy ends the picture for everyone, and it comes back by itself', async () => {
    await owner.getByRole('switch', { name: 'Privacy' }).click()
    await says(guest, 'failure', 'switched this camera to private')
    assert.equal(await testId(guest, 'video').count(), 0)
    await shoot(guest, 'guest-private')
    await says(owner, 'privacy-state', 'Private: the camera is off for everyone')
    await confirmed(owner)
    await shoot(owner, 'settings-private')
    await owner.getByRole('button', { name: 'Watch' }).click()
    await testId(owner, 'privacy-card').waitFor()
    await shoot(owner, 'live-private')
    await owner.getByRole('button', { name: 'Turn the camera on' }).click()
    await untilState(guest, 'live', 60_000)
    await untilState(owner, 'live', 60_000)
    await shoot(owner, 'live')
  })

  it('a guest who is removed while watching sees it end within a second of the confirmation', async () => {
    await openSettings(owner, CAMERA)
    await noteTime(guest, '!document.querySelector("video")')
    await shoot(owner, 'settings')
    await owner.getByRole('button', { name: 'Remove Grandma' }).click()
    await shoot(owner, 'settings-remove')
    await noteTime(owner, '!document.querySelector("[data-testid=person]:nth-of-type(2)")')
    await owner.getByRole('button', { name: 'Remove', exact: true }).click()
    await says(guest, 'failure', 'The owner has removed you from this camera.')
    await confirmed(owner)
    const [gone, shown] = [await notedTime(guest), await notedTime(owner)]
    assert.ok(gone - shown < 1000, `the picture ended ${gone - shown} ms after the confirmation`)
    assert.equal(await testId(guest, 'video').count(), 0)
    await shoot(guest, 'guest-removed')
    await guest.getByRole('button', { name: 'Cameras' }).click()
    await testId(guest, 'camera').filter({ hasText: 'removed you' }).waitFor()
    await shoot(guest, 'guest-list')
  })

  it('a removal that the server swallows is said to be unconfirmed, and goes over the next live view', async () => {
    await openSettings(owner, CAMERA)
    const again = await inviteGuest(owner, { guest: 'Grandma again', until: 'Family: without end' })
    await closeLink(owner)
    await confirmed(owner)
    await acceptInTab(guest, again)
    await owner.getByRole('button', { name: 'Allow' }).click()
    await untilState(guest, 'live', 60_000)
    await testId(owner, 'person').filter({ hasText: 'Grandma again' }).waitFor()
    house.evil.hooks.packet = packet =>
      packet.event === 'policy' && packet.direction === 'up' && packet.is === 'event' ? [] : undefined
    try {
      await removePerson(owner, 'Grandma again')
      await says(owner, 'policy-state', /Front door has not yet confirmed: .*Grandma again removed/)
      await shoot(owner, 'settings-unconfirmed')
      await owner.getByRole('button', { name: '← Cameras' }).click()
      await testId(owner, 'unconfirmed').waitFor()
      await shoot(owner, 'list-unconfirmed')
      await owner.reload()
      await testId(owner, 'unconfirmed').waitFor()
      await untilState(guest, 'live')
      await testId(owner, 'camera').getByRole('button', { name: CAMERA }).click()
      await untilState(owner, 'live', 60_000)
      await says(guest, 'failure', 'The owner has removed you from this camera.')
      await noPicture(guest)
      await until(async () => (await testId(owner, 'policy-state').count()) === 0, {
        timeout: 30_000,
        what: 'the confirmation',
      })
    } finally {
      house.evil.hooks.packet = undefined
    }
  })

  it('a link that goes further is refused on the second device, and the owner is told', async () => {
    await openSettings(owner, CAMERA)
    const uncleLink = await inviteGuest(owner, { guest: 'Uncle', until: '30 days' })
    await closeLink(owner)
    await confirmed(owner)
    const uncle = (await house.profile()).page
    await acceptAs(uncle, uncleLink, 'uncle')
    await testId(uncle, 'guest-waiting').waitFor()
    const stranger = (await house.profile()).page
    await acceptAs(stranger, uncleLink, 'stranger')
    await says(stranger, 'failure', 'This link was used already, or has ended')
    await shoot(stranger, 'link-used')
    await acceptWith(stranger, uncleLink, 'uncle')
    await says(stranger, 'failure', 'used on another device already')
    await owner.getByRole('button', { name: 'Watch' }).click()
    await says(owner, 'reused', 'opened on a second device too')
    await shoot(owner, 'live-waiting')
    await owner.getByRole('button', { name: 'Refuse' }).click()
    await until(async () => (await testId(owner, 'waiting').count()) === 0, {
      timeout: 30_000,
      what: 'the question to go',
    })
  })

  it('an invitation that is withdrawn, or whose time is over, lets nobody in', async () => {
    await openSettings(owner, CAMERA)
    const cancelled = await inviteGuest(owner, { guest: 'Aunt', until: '7 days' })
    await closeLink(owner)
    await confirmed(owner)
    await owner.getByRole('button', { name: 'Withdraw the invitation for Aunt' }).click()
    await owner.getByRole('button', { name: 'Withdraw', exact: true }).click()
    await confirmed(owner)
    const aunt = (await house.profile()).page
    await acceptAs(aunt, cancelled, 'aunt')
    await says(aunt, 'failure', 'has withdrawn this invitation')

    const late = await inviteGuest(owner, { guest: 'Late', until: '7 days' })
    await closeLink(owner)
    await confirmed(owner)
    setClock(10 * 86_400)
    try {
      await acceptInTab(aunt, late)
      await says(aunt, 'failure', 'has not begun yet, or has ended')
      await shoot(aunt, 'invitation-ended')
    } finally {
      setClock(0)
    }
  })

  it('an owner changes what a guest may do, and the name of the camera', async () => {
    const other = (await house.profile()).page
    await openSettings(owner, CAMERA)
    const carlLink = await inviteGuest(owner, { guest: 'Carl', until: 'Family: without end' })
    await closeLink(owner)
    await confirmed(owner)
    await acceptAs(other, carlLink, 'carl')
    await shoot(owner, 'settings-carl')
    await owner.getByRole('button', { name: 'Allow' }).click()
    await untilState(other, 'live', 60_000)
    const carl = testId(owner, 'person').filter({ hasText: 'Carl' })
    await carl.getByRole('button', { name: 'Change' }).click()
    await owner.getByRole('checkbox', { name: 'talk' }).check()
    await owner.getByRole('radio', { name: '30 days' }).check()
    await shoot(owner, 'settings-change')
    await owner.getByRole('button', { name: 'Save' }).click()
    await carl.filter({ hasText: /May watch and talk, until/ }).waitFor()
    await confirmed(owner)
    await untilState(other, 'live')

    await owner.locator('input[name=camera-name]').fill('Porch')
    await owner.getByRole('button', { name: 'Rename' }).click()
    await owner.getByRole('heading', { name: 'Porch' }).waitFor()
    await owner.reload()
    await testId(owner, 'camera').filter({ hasText: 'Porch' }).waitFor()

    await other.getByRole('button', { name: '← Cameras' }).click()
    await testId(other, 'camera').filter({ hasText: CAMERA }).waitFor()
    await other.getByRole('button', { name: 'Leave' }).click()
    await other.locator('.confirm').getByRole('button', { name: 'Leave' }).click()
    await until(async () => (await testId(other, 'camera').count()) === 0, {
      timeout: 30_000,
      what: 'the camera to leave the list',
    })
  })

  it('a camera that is handed over leaves the list, and can be paired by the next owner', async () => {
    await openSettings(owner, 'Porch')
    await owner.getByText('Hand this camera over').click()
    const handOver = owner.getByRole('button', { name: 'Hand over' })
    assert.equal(await handOver.isDisabled(), true)
    await owner.locator('input[name=typed-name]').fill('Porch')
    await shoot(owner, 'settings-hand-over')
    const reports = agent.reports.length
    await handOver.click()
    await owner.getByText('No camera yet.').waitFor({ timeout: 30_000 })
    await agent.report(report => report.event === 'released', reports)
    const shown = await agent.report(report => report.event === 'pairing-code', reports)
    const next = await house.member('nora')
    await pair(next, 'code' in shown ? shown.code : '', 'Gate')
    await next.getByRole('button', { name: 'Watch' }).click()
    await untilState(next, 'live', 60_000)
  })
})
