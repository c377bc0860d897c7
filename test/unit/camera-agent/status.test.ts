import assert from 'node:assert/strict'
import { jsonReporter, type Report, textReporter } from '@ownsight/camera-agent/status'

describe('what the agent reports of a source', () => {
  const said = (report: Report): string => {
    let text = ''
    textReporter(
      line => {
        text += line
      },
      () => '',
    )(report)
    return text
  }
  const source = (more: object): Report => ({ event: 'source', camera: 'Door', state: 'live', ...more })

  it('names its sound, and as what it is sent where that is another form', () => {
    assert.equal(said(source({})), 'Door: source live\n')
    assert.equal(said(source({ sound: 'pcmu' })), 'Door: source live, sound pcmu\n')
    assert.equal(said(source({ sound: 'aac' })), 'Door: source live, sound aac, sent as opus\n')
    assert.equal(
      said(source({ sound: 'mp3', note: 'Why.' })),
      'Door: source live, sound mp3, sent as opus: Why.\n',
    )
  })

  it('says it to programs too', () => {
    let line = ''
    jsonReporter(text => {
      line = text
    })(source({ sound: 'aac' }))
    assert.deepEqual(JSON.parse(line), { event: 'source', camera: 'Door', state: 'live', sound: 'aac' })
  })
})
