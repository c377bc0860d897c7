import assert from 'node:assert/strict'
import { parseSource, SourceConfigError } from '@ownsight/camera-agent/media/source-config'

const refused = (value: unknown, path: string, remedy: RegExp) =>
  assert.throws(
    () => parseSource(value, 'cameras.0.source'),
    error => error instanceof SourceConfigError && error.path === path && remedy.test(error.message),
  )

describe('source config', () => {
  it('takes the four kinds, a stream with its sub stream', () => {
    const key = Buffer.alloc(32).toString('base64url')
    for (const value of [
      { kind: 'rtsp', url: 'rtsp://ann:s3cret@192.0.2.7:8554/live?channel=1' },
      { kind: 'file', path: '/srv/porch.mp4' },
      { kind: 'test-pattern' },
      { kind: 'test-pattern', width: 160, height: 90, fps: 10, mark: { key }, grain: 20, tone: true },
      { kind: 'rtsp', url: 'rtsp://192.0.2.7/main', sub: 'rtsp://ann:s3cret@192.0.2.7/sub' },
      { kind: 'rtsp', url: 'rtsps://192.0.2.7/main', sub: 'rtsps://192.0.2.7/sub', ca: '/etc/camera.pem' },
      { kind: 'rtsp', url: 'rtsps://192.0.2.7/main', fingerprint: 'ab'.repeat(32) },
      { kind: 'v4l2', device: '/dev/video0' },
      { kind: 'v4l2', device: '/dev/video12', format: 'mjpeg', width: 1920, height: 1080, fps: 30 },
    ])
      assert.deepEqual(parseSource(value, 'source'), value)
  })

  it('names the place and the remedy, never the value', () => {
    refused({ kind: 'rtsp', url: 'http://ann:s3cret@h/' }, 'cameras.0.source.url', /rtsp:\/\/user/)
    refused({ kind: 'rtsp', url: 'rtsp://' }, 'cameras.0.source.url', /rtsp:\/\//)
    refused({ kind: 'rtsp', url: 'rtsp://h/', sub: 'http://h/' }, 'cameras.0.source.sub', /rtsp:\/\/user/)
    refused({ kind: 'rtsp', url: 'rtsp://h/', sub: 5 }, 'cameras.0.source.sub', /rtsp:\/\/user/)
    refused({ kind: 'rtsp', sub: 'rtsp://h/' }, 'cameras.0.source.url', /give/)
    refused({ kind: 'file', path: '/a', sub: 'rtsp://h/' }, 'cameras.0.source.sub', /unknown key/)
    refused({ kind: 'test-pattern', grain: 65 }, 'cameras.0.source.grain', /0 to 64/)
    refused({ kind: 'test-pattern', tone: 1 }, 'cameras.0.source.tone', /true or false/)
    refused({ kind: 'webcam' }, 'cameras.0.source.kind', /rtsp, file, v4l2, test-pattern/)
    refused({ kind: 'file', path: '' }, 'cameras.0.source.path', /path of a video file/)
    refused({ kind: 'file' }, 'cameras.0.source.path', /give/)
    refused({ kind: 'test-pattern', width: 161 }, 'cameras.0.source.width', /even number/)
    refused({ kind: 'test-pattern', mark: { key: 'short' } }, 'cameras.0.source.mark.key', /base64url/)
    refused('rtsp://ann:s3cret@h/', 'cameras.0.source', /give/)
    assert.throws(
      () => parseSource({ kind: 'rtsp', url: 'https://ann:s3cret@h/' }, 'source'),
      error => !String(error).includes('s3cret'),
    )
  })

  it('takes a fingerprint as openssl prints it', () => {
    const printed = Array.from({ length: 32 }, () => 'AB').join(':')
    const source = { kind: 'rtsp', url: 'rtsps://h/', fingerprint: printed }
    assert.deepEqual(parseSource(source, 'source'), { ...source, fingerprint: 'ab'.repeat(32) })
  })

  it('refuses trust where nothing is checked, both kinds at once, and a second stream that is less secure', () => {
    const pin = 'ab'.repeat(32)
    refused({ kind: 'rtsp', url: 'rtsp://h/', fingerprint: pin }, 'cameras.0.source.url', /rtsps:/)
    refused({ kind: 'rtsp', url: 'rtsp://h/', ca: '/ca.pem' }, 'cameras.0.source.url', /rtsps:/)
    refused({ kind: 'rtsp', url: 'rtsps://h/', sub: 'rtsp://h/' }, 'cameras.0.source.sub', /both streams/)
    refused(
      { kind: 'rtsp', url: 'rtsps://h/', ca: '/ca.pem', fingerprint: pin },
      'cameras.0.source.ca',
      /either/,
    )
    refused({ kind: 'rtsp', url: 'rtsps://h/', fingerprint: 'ab' }, 'cameras.0.source.fingerprint', /64/)
  })

  it('takes devices under /dev/video alone, and formats it knows', () => {
    for (const device of ['/dev/video', '/dev/sda', '/dev/video0/../sda', '/dev/video1234', 'video0'])
      refused({ kind: 'v4l2', device }, 'cameras.0.source.device', /\/dev\/video0/)
    refused({ kind: 'v4l2', device: '/dev/video0', format: 'bayer' }, 'cameras.0.source.format', /mjpeg/)
    refused({ kind: 'v4l2', device: '/dev/video0', width: 640 }, 'cameras.0.source.width', /height/)
    refused({ kind: 'v4l2', device: '/dev/video0', fps: 61 }, 'cameras.0.source.fps', /60/)
  })

  it('refuses an unknown key', () => {
    refused({ kind: 'file', path: '/a', loop: true }, 'cameras.0.source.loop', /unknown key/)
  })
})
