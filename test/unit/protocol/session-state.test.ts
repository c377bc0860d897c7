import assert from 'node:assert/strict'
import {
  type CameraEvent,
  type CameraState,
  cameraTable,
  next,
  type ViewerEvent,
  type ViewerState,
  viewerTable,
} from '@ownsight/protocol/session-state'

const viewerArrows: [ViewerState, ViewerEvent, ViewerState][] = [
  ['idle', 'beacon_verified', 'beacon'],
  ['beacon', 'prepared', 'gathering'],
  ['gathering', 'offer_sent', 'offered'],
  ['offered', 'answer_verified', 'answer_ok'],
  ['offered', 'stale_win', 'beacon'],
  ['answer_ok', 'applied', 'connecting'],
  ['connecting', 'channel_open', 'confirming'],
  ['confirming', 'confirmed', 'live'],
]
const cameraArrows: [CameraState, CameraEvent, CameraState][] = [
  ['idle', 'offer_accepted', 'verified'],
  ['verified', 'answer_sealed', 'answered'],
  ['answered', 'proved', 'dtls_ok'],
  ['dtls_ok', 'confirmed', 'live'],
]

const viewerEvents = [...new Set(viewerArrows.map(([, event]) => event)), 'close'] as ViewerEvent[]
const cameraEvents = [...new Set(cameraArrows.map(([, event]) => event)), 'close'] as CameraEvent[]

describe('protocol: session state', () => {
  describe('viewer', () => {
    for (const [from, event, to] of viewerArrows)
      it(`${from} --${event}--> ${to}`, () => assert.equal(next(viewerTable, from, event), to))

    for (const from of Object.keys(viewerTable) as ViewerState[]) {
      const to = from === 'closed' ? undefined : 'closed'
      it(`${from} --close--> ${to ?? 'nothing'}`, () => assert.equal(next(viewerTable, from, 'close'), to))
    }

    it('knows no other arrow', () => {
      for (const from of Object.keys(viewerTable) as ViewerState[])
        for (const event of viewerEvents.filter(each => each !== 'close'))
          if (!viewerArrows.some(([a, b]) => a === from && b === event))
            assert.equal(next(viewerTable, from, event), undefined, `${from} --${event}-->`)
    })

    it('reaches live only through confirmed, and nothing leaves live but close', () => {
      const into = Object.entries(viewerTable).flatMap(([from, row]) =>
        Object.entries(row).flatMap(([event, to]) => (to === 'live' ? [`${from} ${event}`] : [])),
      )
      assert.deepEqual(into, ['confirming confirmed'])
      assert.deepEqual(Object.keys(viewerTable.live), ['close'])
    })

    it('attack 27: a second answer has no arrow once the first was applied', () => {
      for (const from of ['answer_ok', 'connecting', 'confirming', 'live', 'closed'] as const)
        assert.equal(next(viewerTable, from, 'answer_verified'), undefined)
    })
  })

  describe('camera', () => {
    for (const [from, event, to] of cameraArrows)
      it(`${from} --${event}--> ${to}`, () => assert.equal(next(cameraTable, from, event), to))

    for (const from of Object.keys(cameraTable) as CameraState[]) {
      const to = from === 'closing' ? undefined : 'closing'
      it(`${from} --close--> ${to ?? 'nothing'}`, () => assert.equal(next(cameraTable, from, 'close'), to))
    }

    it('knows no other arrow', () => {
      for (const from of Object.keys(cameraTable) as CameraState[])
        for (const event of cameraEvents.filter(each => each !== 'close'))
          if (!cameraArrows.some(([a, b]) => a === from && b === event))
            assert.equal(next(cameraTable, from, event), undefined, `${from} --${event}-->`)
    })

    it('attack 26: only proved and then confirmed leads to live', () => {
      assert.equal(next(cameraTable, 'answered', 'confirmed'), undefined)
      const into = Object.entries(cameraTable).flatMap(([from, row]) =>
        Object.entries(row).flatMap(([event, to]) => (to === 'live' ? [`${from} ${event}`] : [])),
      )
      assert.deepEqual(into, ['dtls_ok confirmed'])
    })
  })
})
