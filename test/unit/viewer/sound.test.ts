import assert from 'node:assert/strict'
import type { ToViewer } from '@ownsight/protocol/channel'
import type { Right } from '@ownsight/protocol/messages'
import { viewSession } from '../../../viewer/src/view-session.ts'
import type { LiveSession } from '../../../viewer/src/watch.ts'
import { fakeClock } from './fake-clock.ts'

describe('the sound of a view', () => {
  const open = (r: Right[]) => {
    const said: string[] = []
    let tell: (message: ToViewer) => void = () => undefined
    const live = {
      granted: { r, exp: 0 },
      th: 'th',
      onMessage: (handler: typeof tell) => {
        tell = handler
      },
      peer: {
        send: (text: string) => void said.push(text),
        closed: new Promise(() => undefined),
        stats: async () => new Map(),
        close: () => undefined,
      },
    } as unknown as LiveSession
    const session = viewSession(1, live, fakeClock())
    return { session, said, tell: (message: ToViewer) => tell(message) }
  }

  it('is there where the session may hear and the camera can be heard', () => {
    const { session, tell } = open(['view', 'audio'])
    assert.equal(session.canHear.value, false)
    tell({ t: 'source', state: 'live', sound: true })
    assert.equal(session.canHear.value, true)
    tell({ t: 'source', state: 'reconnecting', code: 'timeout' })
    assert.equal(session.canHear.value, true)
    tell({ t: 'source', state: 'live', sound: false })
    assert.equal(session.canHear.value, false)
  })

  it('is not there without the right, and no longer when the right has gone', () => {
    const without = open(['view'])
    without.tell({ t: 'source', state: 'live', sound: true })
    assert.equal(without.session.canHear.value, false)
    const { session, tell } = open(['view', 'audio'])
    tell({ t: 'source', state: 'live', sound: true })
    tell({ t: 'rights', r: ['view'] })
    assert.equal(session.canHear.value, false)
  })

  it('is asked for once, and given up once', () => {
    const { session, said } = open(['view', 'audio'])
    for (const on of [false, true, true, false, false]) session.listen(on)
    assert.deepEqual(
      said.map(text => JSON.parse(text)),
      [
        { t: 'listen', on: true },
        { t: 'listen', on: false },
      ],
    )
  })
})
