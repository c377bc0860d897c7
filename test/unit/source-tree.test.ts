import assert from 'node:assert/strict'
import { deliveries, replies, requests } from '@ownsight/protocol/events'
import * as v from 'valibot'
import { importsOf, localImportsOf, type SourceFile, sourceFiles } from '../support/source-tree.ts'
import { description } from './protocol/sdp.ts'

const CAMERA_PEER = 'camera-agent/src/rtc/peer.ts'
const VIEWER_PEER = 'viewer/src/rtc/peer.ts'
/** The wall that lets a connection take one description only. */
const GUARD = 'camera-agent/src/rtc/dtls-guard.ts'
const SELF_TEST = 'camera-agent/src/rtc/self-test.ts'

/** What no type and no lint rule sees: searched for in the sources as they are. */
describe('boundaries: the tree', () => {
  const files = sourceFiles()
  const whose = (wanted: (file: SourceFile) => boolean): string[] =>
    files.filter(wanted).map(file => file.path)
  const naming = (pattern: RegExp): string[] => whose(({ text }) => pattern.test(text))

  it('was found', () => {
    for (const path of [
      CAMERA_PEER,
      VIEWER_PEER,
      GUARD,
      'signaling/src/server.ts',
      'protocol/src/session.ts',
    ])
      assert.ok(
        files.some(file => file.path === path),
        path,
      )
  })

  it('only the two peers touch a description; the guard allows it once, and its self-test plays that', () => {
    const allowed = [CAMERA_PEER, VIEWER_PEER]
    const guard = [GUARD, SELF_TEST]
    assert.deepEqual(
      naming(/setRemoteDescription/).filter(path => ![...allowed, ...guard].includes(path)),
      [],
    )
    assert.deepEqual(
      naming(/addIceCandidate/).filter(path => !allowed.includes(path)),
      [],
    )
  })

  it('only the sender’s native part calls C, through one file; a source’s process knows neither', () => {
    const native = 'camera-agent/src/rtc/native'
    const library = `${native}/library.ts`
    const code = files.map(({ path, text }) => ({ path, text: text.replaceAll(/\/\*\*.*?\*\//gs, '') }))
    const speaking = code.filter(({ text }) => /node:ffi|getBuiltinModule|process\.dlopen/.test(text))
    assert.deepEqual(
      speaking.map(({ path }) => path),
      [library],
    )
    assert.deepEqual(
      whose(file => localImportsOf(file).includes(library)),
      [`${native}/datagrams.ts`, `${native}/gcm.ts`],
    )
    const reached = new Set(['camera-agent/src/media/source-process.ts'])
    for (const path of reached)
      for (const next of localImportsOf(files.find(file => file.path === path) as SourceFile))
        reached.add(next)
    assert.ok(reached.has('camera-agent/src/media/input.ts'))
    assert.deepEqual(
      [...reached].filter(path => path.startsWith('camera-agent/src/rtc')),
      [],
    )
  })

  it('attack 27: only the viewer’s peer gives simple-peer a signal, and it does so once', () => {
    assert.deepEqual(naming(/\.signal\(/), [VIEWER_PEER])
    const peer = files.find(file => file.path === VIEWER_PEER)?.text ?? ''
    assert.equal(peer.match(/\.signal\(/g)?.length, 1)
  })

  it('only the viewer’s peer imports simple-peer, in the one form that survives the bundler', () => {
    const importing = files.filter(file => !file.path.endsWith('.d.ts'))
    for (const file of importing)
      for (const target of importsOf(file).filter(each => each.includes('simple-peer'))) {
        assert.equal(file.path, VIEWER_PEER)
        assert.equal(target, 'simple-peer/simplepeer.min.js')
      }
  })

  it('only one file loads werift: a second copy would have classes that the guard does not touch', () => {
    const loads = /(?:^|\n)import (?!type )[^\n]*from 'werift|\b(?:require|import)\('werift(?!'\)(?:\.|$|\n))/
    assert.deepEqual(naming(loads), ['camera-agent/src/rtc/werift.ts'])
  })

  it('relative imports stay within their workspace', () => {
    for (const file of files)
      for (const target of localImportsOf(file)) {
        const [workspace = ''] = file.path.split('/')
        assert.ok(target.startsWith(`${workspace}/`), `${file.path} imports ${target}`)
      }
  })

  it('nothing imports the tests', () => {
    assert.deepEqual(
      whose(file => importsOf(file).some(target => /^@ownsight\/test\b|(^|\/)test\/support\//.test(target))),
      [],
    )
  })

  it('protocol/ imports nothing of ours', () => {
    for (const file of files.filter(({ path }) => path.startsWith('protocol/')))
      assert.deepEqual(
        importsOf(file).filter(target => target.startsWith('@ownsight/')),
        [],
        file.path,
      )
  })

  it('adapters never import flows', () => {
    const flows = /\/(?:main|server|agent|app|serve|pair|watch|camera|session)\.tsx?$/
    const adapters = /\/(?:store|rtc|media)\//
    for (const file of files.filter(({ path }) => adapters.test(path)))
      assert.deepEqual(
        localImportsOf(file).filter(target => flows.test(target) && !adapters.test(target)),
        [],
        file.path,
      )
  })
})

describe('boundaries: the wire', () => {
  const bare = description('offer')
  const descriptions: unknown[] = [
    bare,
    { type: 'offer', sdp: bare },
    { sdp: bare },
    { candidate: 'candidate:1' },
  ]

  it('attack 19: no message is a bare description or candidate', () => {
    for (const schema of [
      ...Object.values(requests),
      ...Object.values(deliveries),
      ...Object.values(replies),
    ])
      for (const message of descriptions) assert.ok(!v.safeParse(schema, message).success)
  })

  it('attack 23: there is no message named for a candidate, an answer or a description', () => {
    for (const map of [requests, deliveries, replies])
      for (const name of Object.keys(map))
        assert.doesNotMatch(name, /candidate|answer|sdp|description|signal|ice/)
  })

  it('attack 23: no program listens for one, or sends one', () => {
    const unsigned = /\.(?:on|once|emit|emitWithAck)\(\s*['"`](?:candidate|answer|sdp|description|signal|ice)/
    const offenders = sourceFiles().filter(
      // simple-peer's own event of that name is its local output, no message.
      ({ path, text }) => path !== VIEWER_PEER && unsigned.test(text),
    )
    assert.deepEqual(
      offenders.map(({ path }) => path),
      [],
    )
  })
})
