import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mintCredential } from '@ownsight/turn-config/credentials'
import { parseSecrets, SecretError } from '@ownsight/turn-config/secret-file'

const secret = 'k'.repeat(43)

describe('credentials for the relay', () => {
  it('are what the relay computes from the same secret', () => {
    const { username, credential, exp } = mintCredential({
      secret,
      now: 1_700_000_000.9,
      random: Buffer.alloc(9),
    })
    assert.equal(exp, 1_700_000_600)
    assert.equal(username, '1700000600:AAAAAAAAAAAA')
    const openssl = execFileSync('openssl', ['dgst', '-sha1', '-hmac', secret, '-binary'], {
      input: username,
    })
    assert.equal(credential, openssl.toString('base64'))
  })

  it('name nobody: each has a user of its own', () => {
    const users = Array.from({ length: 100 }, () => mintCredential({ secret }).username)
    assert.equal(new Set(users).size, 100)
    for (const user of users) assert.match(user, /^\d{10}:[A-Za-z0-9_-]{12}$/)
  })
})

describe('the file of secrets', () => {
  const refused = (text: string): string => {
    try {
      parseSecrets(text)
    } catch (error) {
      assert.ok(error instanceof SecretError)
      assert.ok(!error.message.includes(secret), 'it does not print the secret')
      return error.message
    }
    return 'taken'
  }

  it('holds one, or two while one takes the other’s place, the newest first', () => {
    const old = 'o'.repeat(43)
    assert.deepEqual(parseSecrets(`${secret}\n`), [secret])
    assert.deepEqual(parseSecrets(`# of May\r\n${secret}\n\n${old}`), [secret, old])
  })

  it('is refused in one sentence when it is empty, too long, too short, or holds what the relay cannot', () => {
    assert.match(refused(''), /no secret/)
    assert.match(refused('# only words\n'), /no secret/)
    assert.match(refused(`${secret}\n${secret}\n${secret}`), /3 secrets/)
    assert.match(refused('short'), /shorter than 32/)
    assert.match(refused(`${secret} and more`), /line 1 is no secret/)
    assert.match(refused(`${secret}"`), /line 1 is no secret/)
  })
})
