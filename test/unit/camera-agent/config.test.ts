import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { AgentError } from '@ownsight/camera-agent/agent-error'
import { parseConfig, slugOf } from '@ownsight/camera-agent/config'

describe('agent configuration', () => {
  const camera = { name: 'Front door', source: 'test-pattern' }
  const valid = { server: 'https://cameras.example.org', cameras: [camera] }
  const fault = (value: unknown, message: RegExp) =>
    assert.throws(
      () => parseConfig(value),
      (error: unknown) => {
        assert.ok(error instanceof AgentError)
        assert.match(error.message, message)
        return true
      },
    )

  it('takes a source in short or in full', () => {
    const [pattern, rtsp, file] = parseConfig({
      ...valid,
      cameras: [
        camera,
        { name: 'B', source: 'rtsp://127.0.0.1/stream' },
        { name: 'C', source: { kind: 'file', path: '/tmp/clip.mp4' } },
      ],
    }).cameras
    assert.deepEqual(pattern?.source, { kind: 'test-pattern' })
    assert.deepEqual(rtsp?.source, { kind: 'rtsp', url: 'rtsp://127.0.0.1/stream' })
    assert.deepEqual(file?.source, { kind: 'file', path: '/tmp/clip.mp4' })
    assert.deepEqual(
      parseConfig({ ...valid, cameras: [{ name: 'D', source: 'clip.mp4' }] }).cameras[0]?.source,
      {
        kind: 'file',
        path: resolve('clip.mp4'),
      },
    )
  })

  it('leaves out the sound of a camera that says so', () => {
    const { cameras } = parseConfig({
      ...valid,
      cameras: [
        { ...camera, audio: false },
        { ...camera, name: 'B' },
      ],
    })
    assert.deepEqual(
      cameras.map(({ audio }) => audio),
      [false, undefined],
    )
    fault({ ...valid, cameras: [{ ...camera, audio: 'no' }] }, /^cameras\.0\.audio: /)
  })

  it('refuses unknown settings with their path', () => {
    fault({ ...valid, color: 1 }, /^color: unknown setting/)
    fault({ ...valid, cameras: [{ ...camera, sorce: 1 }] }, /^cameras\.0\.sorce: unknown setting/)
    fault({ ...valid, network: { ports: 1 } }, /^network\.ports: unknown setting/)
  })

  it('names all faults at once', () => {
    fault({ server: 1, cameras: [], x: 1 }, /server[\s\S]*cameras[\s\S]*x: unknown/)
  })

  it('refuses a source of another protocol, and never repeats a password', () => {
    fault({ ...valid, cameras: [{ name: 'A', source: 'ftp://user:secret@host/x' }] }, /^cameras\[0\]\.source/)
    try {
      parseConfig({ ...valid, cameras: [{ name: 'A', source: 'ftp://user:secret@host/x' }] })
    } catch (error) {
      assert.doesNotMatch(String(error), /secret/)
    }
  })

  it('takes plain http on this machine only, and an origin without a path', () => {
    assert.equal(parseConfig({ ...valid, server: 'http://127.0.0.1:8473/' }).server, 'http://127.0.0.1:8473')
    fault({ ...valid, server: 'http://192.0.2.7' }, /use https/)
    fault({ ...valid, server: 'https://a.example/path' }, /origin alone/)
    fault({ ...valid, server: 'cameras' }, /is not an address/)
  })

  it('keeps folders of different cameras apart, and refuses one name twice', () => {
    assert.equal(slugOf('Front door'), 'front-door')
    assert.equal(slugOf('../../etc'), 'etc')
    assert.match(slugOf('門'), /^camera-[0-9a-f]+$/)
    fault({ ...valid, cameras: [camera, { ...camera, name: 'front  DOOR' }] }, /two cameras with one name/)
  })
})
