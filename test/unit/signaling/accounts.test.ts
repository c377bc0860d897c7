import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { generateKeyPair } from '@ownsight/protocol/ids'
import { startTestSignaling, type TestSignaling } from '../../support/signaling.ts'
import { apiClient, invite, newDevice, PASSWORD, readMetric, signUp } from '../../support/signaling-client.ts'

describe('accounts', () => {
  let server: TestSignaling
  beforeEach(async () => {
    server = await startTestSignaling()
  })
  afterEach(() => server.close())

  const client = () => apiClient(server.origin)
  const owner = () => signUp(server.origin, 'Anna', { token: server.setupToken })

  it('the first account needs the token of the console, once', async () => {
    const guess = await client().call('POST', '/api/sign-up', {
      token: 'x'.repeat(22),
      name: 'eve',
      password: PASSWORD,
    })
    assert.deepEqual([guess.status, guess.body.error], [403, 'bad_token'])
    assert.deepEqual((await client().call('GET', '/api/state')).body, {
      setup: true,
      account: null,
      build: '0.1.0',
    })
    const anna = await owner()
    const state = (await anna.call('GET', '/api/state')).body as {
      setup: boolean
      account: { id: string; name: string }
    }
    assert.equal(state.setup, false)
    assert.equal(state.account.name, 'Anna')
    assert.equal(state.account.id.length, 22)
    const again = { token: server.setupToken, name: 'eve', password: PASSWORD }
    assert.equal((await client().call('POST', '/api/sign-up', again)).status, 403)
  })

  it('of two who use one token at the same moment, one gets in', async () => {
    const answers = await Promise.all(
      ['a', 'b', 'c'].map(name =>
        client().call('POST', '/api/sign-up', { token: server.setupToken, name, password: PASSWORD }),
      ),
    )
    assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 403, 403])
    const anna = client()
    const winner = answers.find(({ status }) => status === 201)?.body.account
    const name = String((winner as { name: string } | undefined)?.name)
    await anna.call('POST', '/api/sign-in', { name, password: PASSWORD })
    const { invitation } = await invite(anna)
    const guests = await Promise.all(
      ['d', 'e', 'f'].map(guest =>
        client().call('POST', '/api/sign-up', { invitation, name: guest, password: PASSWORD }),
      ),
    )
    assert.deepEqual(guests.map(({ status }) => status).sort(), [201, 403, 403])
  })

  it('invitations come from people who are in; a name belongs to one', async () => {
    assert.equal((await client().call('POST', '/api/invitations')).status, 401)
    const anna = await owner()
    const { invitation } = await invite(anna)
    const same = { invitation, name: 'ANNA', password: PASSWORD }
    const taken = await client().call('POST', '/api/sign-up', same)
    assert.deepEqual([taken.status, taken.body.error], [409, 'name_taken'])
    await signUp(server.origin, 'Ben', { invitation })
  })

  it('signs in with the right password, and tells a wrong one from no account to nobody', async () => {
    await owner()
    const right = client()
    assert.equal((await right.call('POST', '/api/sign-in', { name: 'anna', password: PASSWORD })).status, 200)
    const wrong = await client().call('POST', '/api/sign-in', { name: 'Anna', password: 'wrong password' })
    const nobody = await client().call('POST', '/api/sign-in', { name: 'Nobody', password: 'wrong password' })
    assert.equal(wrong.status, 401)
    assert.deepEqual([nobody.status, nobody.text], [wrong.status, wrong.text])
    assert.equal(wrong.headers['set-cookie'], undefined)
    assert.equal(await readMetric(server, 'signaling_auth_failures_total', { reason: 'bad_credentials' }), 2)
  })

  it('limits guesses before it hashes, per guesser and name', async () => {
    await owner()
    const tries = []
    for (let i = 0; i < 14; i++)
      tries.push(await client().call('POST', '/api/sign-in', { name: 'Anna', password: `guess ${i}` }))
    const limited = tries.filter(({ status }) => status === 429)
    assert.equal(
      tries.findIndex(({ status }) => status === 429),
      10,
    )
    assert.equal(limited.length, 4)
    assert.ok(Number(limited[0]?.headers['retry-after']) >= 1)
    // The limited ones never reached argon2: it was asked ten times, and once for the sign-up.
    assert.equal(
      await readMetric(server, 'signaling_auth_duration_seconds_count', { method: 'password' }),
      10,
    )
  })

  it('the session is an opaque cookie that scripts and other sites do not get, and a hash in the database', async () => {
    const anna = client()
    const answer = await anna.call('POST', '/api/sign-up', {
      token: server.setupToken,
      name: 'Anna',
      password: PASSWORD,
    })
    const cookie = String(answer.headers['set-cookie']?.[0])
    assert.match(cookie, new RegExp(`^sid-${server.port}=[A-Za-z0-9_-]{43};`))
    assert.match(cookie, /; HttpOnly/)
    assert.match(cookie, /; SameSite=Strict/)
    assert.match(cookie, /; Path=\//)
    const secret = cookie.split(/[=;]/)[1] ?? ''
    const db = new DatabaseSync(join(server.data, 'signaling.sqlite'), { readOnly: true })
    const rows = JSON.stringify(db.prepare('SELECT * FROM sessions, accounts, tokens').all())
    db.close()
    assert.ok(!rows.includes(secret))
    assert.ok(!rows.includes(PASSWORD))
    assert.ok(!rows.includes(server.setupToken))
  })

  it('signing out ends the session on the server, and so does signing in as somebody else', async () => {
    const anna = await owner()
    const cookie = anna.cookie
    assert.equal((await anna.call('POST', '/api/sign-out')).status, 204)
    const thief = client()
    thief.cookie = cookie
    assert.equal((await thief.call('GET', '/api/cameras')).status, 401)
    assert.equal((await thief.call('GET', '/api/state')).body.account, null)

    await anna.call('POST', '/api/sign-in', { name: 'Anna', password: PASSWORD })
    thief.cookie = anna.cookie
    assert.equal((await thief.call('GET', '/api/cameras')).status, 200)
    await anna.call('POST', '/api/sign-in', { name: 'Anna', password: PASSWORD })
    assert.equal((await thief.call('GET', '/api/cameras')).status, 401)
  })

  it('a new password needs the old one and ends every other session', async () => {
    const anna = await owner()
    const other = client()
    await other.call('POST', '/api/sign-in', { name: 'Anna', password: PASSWORD })
    const fresh = 'another long password'
    assert.equal((await anna.call('POST', '/api/password', { new: fresh })).status, 401)
    assert.equal(
      (await anna.call('POST', '/api/password', { old: 'wrong password', new: fresh })).status,
      401,
    )
    assert.equal((await anna.call('POST', '/api/password', { old: PASSWORD, new: fresh })).status, 200)
    assert.equal((await anna.call('GET', '/api/cameras')).status, 200)
    assert.equal((await other.call('GET', '/api/cameras')).status, 401)
    assert.equal(
      (await client().call('POST', '/api/sign-in', { name: 'Anna', password: PASSWORD })).status,
      401,
    )
    assert.equal((await client().call('POST', '/api/sign-in', { name: 'Anna', password: fresh })).status, 200)
  })

  it('a sign-in link of the operator works once; on a new server it makes the account `home`', async () => {
    const token = await server.mintSignInToken()
    const first = client()
    const answer = await first.call('POST', '/api/sign-in', { token })
    assert.equal(answer.status, 200)
    assert.equal((answer.body.account as { name: string }).name, 'home')
    const again = await client().call('POST', '/api/sign-in', { token })
    assert.deepEqual([again.status, again.body.error], [401, 'bad_token'])
    const later = await client().call('POST', '/api/sign-in', { token: await server.mintSignInToken() })
    assert.deepEqual(later.body, answer.body)
    // No password yet: none fits, not even an empty one.
    for (const password of ['', 'null', 'no account has this password'])
      assert.equal((await client().call('POST', '/api/sign-in', { name: 'home', password })).status, 401)
    assert.equal((await first.call('POST', '/api/password', { new: PASSWORD })).status, 200)
    assert.equal(
      (await client().call('POST', '/api/sign-in', { name: 'home', password: PASSWORD })).status,
      200,
    )
  })

  it('what is past its time opens nothing', async () => {
    const anna = await owner()
    const invitation = await invite(anna)
    const token = await server.mintSignInToken()
    const db = new DatabaseSync(join(server.data, 'signaling.sqlite'))
    const now = Math.floor(Date.now() / 1000)
    for (const table of ['tokens', 'sessions']) db.exec(`UPDATE ${table} SET expires = ${now}`)
    db.close()
    assert.equal((await anna.call('GET', '/api/cameras')).status, 401)
    assert.equal((await client().call('POST', '/api/sign-in', { token })).status, 401)
    const late = { ...invitation, name: 'Ben', password: PASSWORD }
    assert.equal((await client().call('POST', '/api/sign-up', late)).status, 403)
  })

  it('a token opens what it is for and nothing else', async () => {
    const anna = await owner()
    const { invitation } = await invite(anna)
    const token = await server.mintSignInToken()
    const swapped = [
      ['/api/sign-in', { token: invitation }],
      ['/api/sign-up', { token, name: 'Eve', password: PASSWORD }],
      ['/api/sign-up', { invitation: token, name: 'Eve', password: PASSWORD }],
      ['/api/sign-up', { token: invitation, name: 'Eve', password: PASSWORD }],
    ] as const
    for (const [path, body] of swapped)
      assert.ok([401, 403].includes((await client().call('POST', path, body)).status))
    assert.equal((await client().call('POST', '/api/sign-in', { token })).status, 200)
  })

  it('a device key belongs to one account, and must be a key', async () => {
    const anna = await owner()
    const ben = await signUp(server.origin, 'Ben', await invite(anna))
    const key = await newDevice(anna)
    assert.equal((await anna.call('POST', '/api/devices', { auth: key.publicKey })).status, 201)
    assert.equal((await ben.call('POST', '/api/devices', { auth: key.publicKey })).status, 409)
    const { x } = (await generateKeyPair()).publicKey
    assert.equal((await anna.call('POST', '/api/devices', { auth: { x, y: x } })).status, 400)
    assert.equal((await client().call('POST', '/api/devices', { auth: key.publicKey })).status, 401)
  })

  it('the sealed roster moves one version at a time, and only in its account', async () => {
    const anna = await owner()
    const ben = await signUp(server.origin, 'Ben', await invite(anna))
    assert.deepEqual((await anna.call('GET', '/api/roster')).body, { version: 0, sealed: null })
    const put = (who: typeof anna, version: number, sealed: string) =>
      who.call('PUT', '/api/roster', { version, sealed })
    assert.equal((await put(anna, 2, 'AAAA')).status, 409)
    assert.ok((await put(anna, 1, 'AAAA')).status < 300)
    assert.equal((await put(anna, 1, 'BBBB')).status, 409)
    const race = await Promise.all(['CCCC', 'DDDD', 'EEEE'].map(sealed => put(anna, 2, sealed)))
    assert.equal(race.filter(({ status }) => status < 300).length, 1)
    assert.equal((await anna.call('GET', '/api/roster')).body.version, 2)
    assert.deepEqual((await ben.call('GET', '/api/roster')).body, { version: 0, sealed: null })
    assert.equal((await put(ben, 3, 'FFFF')).status, 409)
    assert.equal((await client().call('GET', '/api/roster')).status, 401)
    for (const sealed of ['with space', '', 'x'.repeat(65_537)])
      assert.ok((await put(anna, 3, sealed)).status >= 400)
  })
})
