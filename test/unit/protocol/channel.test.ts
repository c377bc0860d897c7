import assert from 'node:assert/strict'
import { randomId } from '@ownsight/protocol/bytes'
import {
  CHANNEL_ID,
  CHANNEL_LABEL,
  ENDED_CODES,
  isEndedCode,
  parseToCamera,
  parseToViewer,
} from '@ownsight/protocol/channel'
import { CHANNEL_MESSAGE_MAX_BYTES, LOG_LINE_MAX_BYTES } from '@ownsight/protocol/limits'
import { faults } from './fixtures.ts'

const th = 'A'.repeat(43)
const toCamera = [
  { t: 'confirm', jws: 'a.b.c' },
  { t: 'play' },
  { t: 'pause' },
  { t: 'alive' },
  { t: 'tile', height: 360 },
  { t: 'listen', on: true },
  { t: 'bye' },
  { t: 'policy', id: 1, policy: 'a.b.c' },
  { t: 'read', id: 0, read: 'a.b.c' },
]
const toViewer = [
  { t: 'confirmed', sid: randomId(), th },
  { t: 'heartbeat', seq: 0, rtpTs: 1, cameraTime: 2, th },
  { t: 'source', state: 'live' },
  { t: 'source', state: 'live', sound: true },
  { t: 'source', state: 'failed', code: 'wrong_password', transcoding: true },
  { t: 'rights', r: ['view'] },
  { t: 'ack', id: 1, ack: 'a.b.c' },
  { t: 'status', id: 1, policy: 'a.b.c', status: 'a.b.c' },
  { t: 'log', id: 1, lines: ['{}'], more: false, head: 'a.b.c' },
  { t: 'refused', id: 1, code: 'bad_epoch' },
  ...ENDED_CODES.map(code => ({ t: 'ended', code })),
]

describe('protocol: channel', () => {
  it('is channel 0 with the label os1', () => {
    assert.equal(CHANNEL_ID, 0)
    assert.equal(CHANNEL_LABEL, 'os1')
  })

  it('takes each message in its own direction only', async () => {
    for (const message of toCamera) {
      assert.deepEqual(parseToCamera(JSON.stringify(message)), message)
      await faults('bad_form', () => parseToViewer(JSON.stringify(message)))
    }
    for (const message of toViewer) {
      assert.deepEqual(parseToViewer(JSON.stringify(message)), message)
      await faults('bad_form', () => parseToCamera(JSON.stringify(message)))
    }
  })

  it('refuses unknown and missing members', async () => {
    for (const [messages, parse] of [
      [toCamera, parseToCamera],
      [toViewer, parseToViewer],
    ] as const) {
      for (const message of messages) {
        for (const name of ['extra', '__proto__', 'constructor'])
          await faults('bad_form', () => parse(JSON.stringify(message).replace(/\}$/, `,"${name}":1}`)))
        const required = Object.keys(message).filter(name => name !== 'code' || message.t === 'ended')
        for (const name of required.filter(each => !['transcoding', 'sound'].includes(each))) {
          const { [name]: _, ...rest } = message as Record<string, unknown>
          await faults('bad_form', () => parse(JSON.stringify(rest)))
        }
      }
    }
  })

  it('refuses what is not one JSON object', async () => {
    for (const text of ['', '{', 'null', '1', '[]', '"play"', '[{"t":"play"}]', '{"t":"play"}{"t":"play"}'])
      await faults('bad_form', () => parseToCamera(text))
  })

  it('refuses numbers that are not counts, and texts a source must not say', async () => {
    for (const seq of [-1, 1.5, '1', null, 2 ** 53])
      await faults('bad_form', () => parseToViewer(JSON.stringify({ ...toViewer[1], seq })), 'seq')
    for (const code of ['<img>', 'rtsp://user:pw@host', 'A'.repeat(40), ''])
      await faults('bad_form', () => parseToViewer(JSON.stringify({ ...toViewer[2], code })), 'code')
  })

  it('names the message itself where that is no JSON', () =>
    faults('bad_form', () => parseToCamera('{'), 'message'))

  it('knows the codes of an end, and nothing else', () => {
    for (const code of ENDED_CODES) assert.equal(isEndedCode(code), true)
    for (const code of ['', 'toString', 7, undefined]) assert.equal(isEndedCode(code), false)
  })

  it('a refusal’s code is small letters, and pages and envelopes have their bounds', async () => {
    const viewer = (message: object) => () => parseToViewer(JSON.stringify(message))
    const refused = { t: 'refused', id: 1 }
    viewer({ ...refused, code: 'a'.repeat(32) })()
    for (const code of ['', 'a'.repeat(33), 'A', ' a', 'a b'])
      await faults('bad_form', viewer({ ...refused, code }))
    for (const code of ['wrong password', 'x!', '!x'])
      await faults('bad_form', viewer({ ...toViewer[2], code }), 'code')
    const log = { t: 'log', id: 1, more: true, head: 'a.b.c' }
    viewer({ ...log, lines: Array(256).fill('') })()
    await faults('bad_form', viewer({ ...log, lines: Array(257).fill('') }))
    viewer({ ...log, lines: ['x'.repeat(LOG_LINE_MAX_BYTES)] })()
    await faults('bad_form', viewer({ ...log, lines: ['x'.repeat(LOG_LINE_MAX_BYTES + 1)] }))
    await faults('bad_form', viewer({ t: 'ack', id: 1, ack: '' }), 'ack')
  })

  it('takes a message of just the length that is allowed', () => {
    const play = '{"t":"play"}'
    assert.deepEqual(parseToCamera(play.padEnd(CHANNEL_MESSAGE_MAX_BYTES)), { t: 'play' })
  })

  it('takes a height that a screen can have', async () => {
    for (const height of [1, 8640])
      assert.deepEqual(parseToCamera(JSON.stringify({ t: 'tile', height })), { t: 'tile', height })
    for (const height of [0, -1, 0.5, 8641, '360', null])
      await faults('bad_form', () => parseToCamera(JSON.stringify({ t: 'tile', height })), 'height')
  })

  it('refuses a message that is too long before parsing it', async () => {
    await faults('limit', () => parseToCamera(' '.repeat(CHANNEL_MESSAGE_MAX_BYTES + 1)), 'message')
    await faults('limit', () => parseToViewer('['.repeat(10_000_000)), 'message')
  })
})
