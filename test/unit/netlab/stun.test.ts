import assert from 'node:assert/strict'
import { decodeAnswer, decodeRequest, encodeAnswer, encodeRequest } from '../../netlab/stun.ts'

describe('netlab: STUN', () => {
  it('decodes the answers of RFC 5769 §2.2 and §2.3', () => {
    const transaction = 'b7e7a701bc34d686fa87dfae'
    const ipv4 = `010100102112a442${transaction}002000080001a147e112a643`
    const ipv6 = `010100182112a442${transaction}002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9`
    // The parts that an answer without software, integrity and fingerprint has.
    const of = (text: string) => {
      const bytes = Buffer.from(text, 'hex')
      bytes.writeUInt16BE(bytes.length - 20, 2)
      return decodeAnswer(bytes)
    }
    assert.deepEqual(of(ipv4), { transaction, mapped: { address: '192.0.2.1', port: 32853 } })
    assert.deepEqual(of(ipv6), {
      transaction,
      mapped: { address: '2001:db8:1234:5678:11:2233:4455:6677', port: 32853 },
    })
  })

  for (const [address, port] of [
    ['203.0.113.10', 3478],
    ['2001:db8:1::2', 65535],
  ] as const)
    it(`answers with ${address}`, () => {
      const { bytes, transaction } = encodeRequest({ address: false, port: true })
      const request = decodeRequest(bytes)
      assert.deepEqual(request?.change, { address: false, port: true })
      const answer = encodeAnswer(request!.transaction, { address, port })
      assert.deepEqual(decodeAnswer(answer), { transaction, mapped: { address, port } })
    })

  it('takes nothing else for a message', () => {
    const { bytes } = encodeRequest({ address: false, port: false })
    for (const other of [
      Buffer.alloc(0),
      Buffer.alloc(20),
      bytes.subarray(0, 19),
      Buffer.concat([bytes, bytes]),
    ]) {
      assert.equal(decodeRequest(other), undefined)
      assert.equal(decodeAnswer(other), undefined)
    }
    assert.equal(decodeAnswer(bytes), undefined)
  })
})
