import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { runSignaling, startTestSignaling, type TestSignaling } from '../../support/signaling.ts'
import {
  type ApiClient,
  apiClient,
  authenticate,
  connect,
  connectAs,
  invite,
  newDevice,
  PASSWORD,
  signUp,
} from '../../support/signaling-client.ts'

const NEXT = 'another battery staple'

describe('ownsight-signaling account', () => {
  let server: TestSignaling
  let anna: ApiClient
  beforeEach(async () => {
    server = await startTestSignaling()
    anna = await signUp(server.origin, 'Anna', { token: server.setupToken })
  })
  afterEach(() => server.close())

  const account = async (...words: string[]) => {
    const { exited, output } = runSignaling([
      'account',
      ...words,
      '--data',
      server.data,
      '--port',
      String(server.port),
    ])
    const { code } = await exited
    return { code, text: output() }
  }
  const resetToken = async (name: string): Promise<string> => {
    const { code, text } = await account('reset', name)
    assert.equal(code, 0, text)
    const [, origin, token] = /^ {2}(http\S+)\/#reset=(\S+)$/m.exec(text) ?? []
    assert.equal(origin, server.origin)
    return token ?? ''
  }
  const reset = (token: string, password = NEXT, client = apiClient(server.origin)) =>
    client.call('POST', '/api/password', { token, password })
  const signIn = (password: string) =>
    apiClient(server.origin).call('POST', '/api/sign-in', { name: 'Anna', password })

  it('lets a person set a new password, once, and signs them in', async () => {
    const token = await resetToken('anna')
    const browser = apiClient(server.origin)
    const answer = await reset(token, NEXT, browser)
    assert.equal(answer.status, 200)
    assert.equal((answer.body.account as { name: string }).name, 'Anna')
    assert.equal((await browser.call('GET', '/api/cameras')).status, 200)
    assert.deepEqual([(await signIn(PASSWORD)).status, (await signIn(NEXT)).status], [401, 200])
    const again = await reset(token, 'a third password')
    assert.deepEqual([again.status, again.body.error], [403, 'bad_token'])
    assert.equal((await signIn(NEXT)).status, 200)
  })

  it('of two who use one code at the same moment, one gets in', async () => {
    const token = await resetToken('Anna')
    const answers = await Promise.all(
      ['one of them', 'the other one'].map(password => reset(token, password)),
    )
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 403])
  })

  it('ends every sign-in and every device of the account, at once, and of no other', async () => {
    const ben = await signUp(server.origin, 'Ben', await invite(anna))
    const [hers, his] = [await newDevice(anna), await newDevice(ben)]
    const [device, other] = [
      await connectAs(server.origin, 'viewer', hers),
      await connectAs(server.origin, 'viewer', his),
    ]
    await reset(await resetToken('Anna'))
    await device.disconnected
    assert.equal((await anna.call('GET', '/api/cameras')).status, 401)
    const back = await connect(server.origin, 'viewer')
    assert.equal((await authenticate(back, hers, 'viewer', server.origin)).hint, 'not_signed_in')
    assert.equal((await ben.call('GET', '/api/cameras')).status, 200)
    assert.ok(other.socket.connected)
    for (const each of [back, other]) each.close()
  })

  it('changes nothing until the code is used', async () => {
    await resetToken('Anna')
    assert.equal((await anna.call('GET', '/api/cameras')).status, 200)
    assert.equal((await signIn(PASSWORD)).status, 200)
  })

  it('a code is void after 30 minutes, and once there is a newer one', async () => {
    const [first, second] = [await resetToken('Anna'), await resetToken('Anna')]
    assert.equal((await reset(first)).status, 403)
    const db = new DatabaseSync(join(server.data, 'signaling.sqlite'))
    const { expires } = db.prepare("SELECT expires FROM tokens WHERE kind = 'reset'").get() ?? {}
    const minutes = (Number(expires) - Date.now() / 1000) / 60
    assert.ok(minutes > 28 && minutes <= 30, `${minutes}`)
    db.exec("UPDATE tokens SET expires = expires - 1801 WHERE kind = 'reset'")
    db.close()
    assert.equal((await reset(second)).status, 403)
    assert.equal((await signIn(PASSWORD)).status, 200)
  })

  it('takes no other kind of code, no short password, and nothing besides', async () => {
    const { invitation } = await invite(anna)
    assert.equal((await reset(invitation)).status, 403)
    const token = await resetToken('Anna')
    const short = await reset(token, 'short')
    assert.deepEqual([short.status, short.body.field], [400, 'password'])
    const more = { token, password: NEXT, name: 'Ben' }
    assert.equal((await apiClient(server.origin).call('POST', '/api/password', more)).status, 400)
    assert.equal((await anna.call('POST', '/api/sign-in', { token })).status, 401)
    assert.equal((await reset(token)).status, 200, 'and none of it used the code up')
  })

  it('limits guesses of a code', async () => {
    const answers = []
    for (let i = 0; i < 65; i++) answers.push((await reset('x'.repeat(22))).status)
    assert.equal(answers.at(-1), 429)
  })

  it('still changes a password that is known', async () => {
    const answer = await anna.call('POST', '/api/password', { old: PASSWORD, new: NEXT })
    assert.equal(answer.status, 200)
    assert.equal((await signIn(NEXT)).status, 200)
    assert.equal((await apiClient(server.origin).call('POST', '/api/password', { new: NEXT })).status, 401)
  })

  it('lists accounts and deletes one', async () => {
    await newDevice(anna)
    await signUp(server.origin, 'Ben', await invite(anna))
    const { text } = await account('list')
    assert.match(
      text,
      /^Anna {2}since \d{4}-\d\d-\d\d, devices: 1, cameras: 0\nBen {2}since .*, devices: 0, cameras: 0\n$/,
    )
    assert.match((await account('delete', 'anna')).text, /is gone/)
    assert.doesNotMatch((await account('list')).text, /Anna/)
    assert.equal((await anna.call('GET', '/api/cameras')).status, 401)
    assert.equal((await signIn(PASSWORD)).status, 401)
  })

  it('refuses in one sentence', async () => {
    for (const words of [
      ['reset', 'nobody'],
      ['delete', 'nobody'],
      ['reset'],
      ['list', 'Anna'],
      [],
      ['burn', 'Anna'],
    ]) {
      const { code, text } = await account(...words)
      assert.equal(code, 2, text)
      assert.match(text, /no account nobody|Say account list/)
    }
  })
})
