import assert from 'node:assert/strict'
import { type ConfigInput, originOf, parseConfig } from '@ownsight/signaling/config'
import { SignalingError } from '@ownsight/signaling/signaling-error'

describe('signaling configuration', () => {
  const data = '/tmp/x'
  const refusal = (config: unknown): string => {
    try {
      parseConfig(config)
    } catch (error) {
      assert.ok(error instanceof SignalingError)
      return error.message
    }
    return 'accepted'
  }
  const origin = (config: ConfigInput, port = 1234) => originOf(parseConfig(config), port)

  it('listens on loopback unless told otherwise', () => {
    const { listen, secure } = parseConfig({ data })
    assert.deepEqual([listen.host, secure], ['127.0.0.1', false])
  })

  it('refuses unknown settings with their path, and reports all faults at once', () => {
    const message = refusal({ listen: { host: 'not an address', prot: 1, port: 70_000 }, colour: 'red' })
    const paths = message.split('\n').map(line => line.split(':')[0])
    for (const path of ['listen.host', 'listen.prot', 'listen.port', 'colour', 'data'])
      assert.ok(paths.includes(path), `${path} in ${message}`)
    for (const input of [undefined, null, 'x', [], { data: '' }, { data, tls: { cert: 'x' } }])
      assert.notEqual(refusal(input), 'accepted', JSON.stringify(input))
  })

  it('refuses a LAN address without https, says why, and names the three ways', () => {
    for (const host of ['192.0.2.7', '0.0.0.0', '::', '2001:db8::1']) {
      const message = refusal({ data, listen: { host } })
      assert.match(message, /refusing to listen on/, host)
      assert.match(message, /only for secure pages/)
      assert.match(message, /own domain[\s\S]*overlay VPN[\s\S]*private CA/)
    }
    for (const host of ['127.0.0.1', '127.8.9.10', '::1'])
      assert.equal(refusal({ data, listen: { host } }), 'accepted')
  })

  it('takes a proxy only by its https origin', () => {
    const listen = { host: '0.0.0.0' }
    assert.equal(refusal({ data, listen, behindProxy: 'https://watch.example' }), 'accepted')
    for (const behindProxy of [
      'http://watch.example',
      'https://watch.example/',
      'https://watch.example/path',
      'https://user@watch.example',
      'https://WATCH.example',
      'watch.example',
      'javascript://watch.example',
    ])
      assert.notEqual(refusal({ data, listen, behindProxy }), 'accepted', behindProxy)
  })

  it('refuses an origin it would not really have', () => {
    assert.match(refusal({ data, origin: 'http://watch.example' }), /this machine itself only/)
    assert.match(refusal({ data, origin: 'https://127.0.0.1:8480' }), /http:\/\//)
    assert.match(
      refusal({ data, origin: 'https://a.example', behindProxy: 'https://b.example' }),
      /remove it/,
    )
    const tls = { cert: import.meta.filename, key: import.meta.filename }
    assert.match(refusal({ data, tls, origin: 'http://127.0.0.1:8480' }), /https:\/\//)
    assert.match(refusal({ data, tls, listen: { host: '0.0.0.0' } }), /every address/)
    assert.match(
      refusal({ data, tls: { cert: '/no/such', key: '/none' } }),
      /tls.cert: cannot[\s\S]*tls.key: cannot/,
    )
  })

  it('has one origin', () => {
    assert.equal(origin({ data }), 'http://127.0.0.1:1234')
    assert.equal(origin({ data, listen: { host: '::1' } }), 'http://[::1]:1234')
    assert.equal(origin({ data, behindProxy: 'https://watch.example' }), 'https://watch.example')
    const tls = { cert: import.meta.filename, key: import.meta.filename }
    assert.equal(origin({ data, tls, listen: { host: '192.0.2.7' } }, 443), 'https://192.0.2.7')
    assert.equal(origin({ data, tls, origin: 'https://home.arpa:8443' }), 'https://home.arpa:8443')
  })
})
