import assert from 'node:assert/strict'
import { readFragment } from '../../../viewer/src/fragment.ts'

describe('start link', () => {
  const secret = 'A'.repeat(22)
  const camId = 'B'.repeat(43)
  const token = 'C'.repeat(22)
  const name = Buffer.from('Küche').toString('base64url')

  it('is read on this machine', () => {
    assert.deepEqual(readFragment(`#start=${secret}.${camId}.${token}.${name}`, '127.0.0.1'), {
      token,
      pairing: { code: `os1:${secret}:${camId}`, name: 'Küche' },
    })
    assert.deepEqual(readFragment(`#in=${token}`, 'localhost'), { token })
  })
  it('is refused on every other host', () => {
    for (const host of ['cameras.example.org', '127.0.0.1.example.org', '192.0.2.1', '1127.0.0.1'])
      assert.equal(readFragment(`#in=${token}`, host), 'refused', host)
  })
  it("a guest's invitation is read on every host, and never in part", () => {
    const invitation = `os1-invite:${'D'.repeat(43)}:${camId}:${name}`
    const half = Buffer.from(invitation).toString('base64url')
    for (const host of ['cameras.example.org', '127.0.0.1'])
      assert.deepEqual(readFragment(`#invite=${half}.${token}`, host), { invitation, server: token })
    const other = Buffer.from('os1:whatever').toString('base64url')
    for (const broken of ['', half, `${half}.`, `.${token}`, `${half}.${token}.x`, `${other}.${token}`])
      assert.equal(readFragment(`#invite=${broken}`, 'cameras.example.org'), 'broken', broken)
  })
  it('a code for a forgotten password is read on every host, and never in part', () => {
    for (const host of ['cameras.example.org', '127.0.0.1'])
      assert.deepEqual(readFragment(`#reset=${token}`, host), { reset: token })
    for (const broken of ['', 'abc', `${token}.x`, `${token} `, 'D'.repeat(65)])
      assert.equal(readFragment(`#reset=${broken}`, 'cameras.example.org'), 'broken', broken)
  })
  it('is refused when it is not whole, and anything else is no link', () => {
    assert.equal(readFragment('#start=abc', '127.0.0.1'), 'refused')
    assert.equal(readFragment('#cameras', '127.0.0.1'), undefined)
    assert.equal(readFragment('', '127.0.0.1'), undefined)
  })
})
