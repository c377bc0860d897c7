import assert from 'node:assert/strict'
import { installGuard } from '@ownsight/camera-agent/rtc/dtls-guard'
import { acceptOffer } from '@ownsight/camera-agent/rtc/peer'
import { recordedOffers } from '../../support/recorded-sdp.ts'

/** The offer of a browser that has these video codecs and no other. */
function only(offer: string, ...codecs: string[]): string {
  const [head = '', ...sections] = offer.split(/(?=m=)/)
  const cut = sections.map(section => {
    if (!section.startsWith('m=video')) return section
    const types = [...section.matchAll(/a=rtpmap:(\d+) ([\w-]+)\//g)]
    const kept = new Set(types.filter(([, , name]) => codecs.includes(name ?? '')).map(([, type]) => type))
    for (const [, rtx, apt] of section.matchAll(/a=fmtp:(\d+) apt=(\d+)/g)) if (kept.has(apt)) kept.add(rtx)
    return section
      .replace(/^(m=video \d+ \S+) .*$/m, `$1 ${[...kept].join(' ')}`)
      .split('\r\n')
      .filter(
        line =>
          kept.has(/^a=(?:rtpmap|fmtp|rtcp-fb):(\d+)/.exec(line)?.[1]) ||
          !/^a=(rtpmap|fmtp|rtcp-fb):\d/.test(line),
      )
      .join('\r\n')
  })
  return head + cut.join('')
}

describe('the codec of a session', function () {
  this.timeout(20_000)
  before(() => installGuard())
  const offers = recordedOffers.filter(({ name }) => /^(chromium|firefox)-offer$/.test(name))
  const chosen = async (offer: string) => {
    const peer = await acceptOffer(offer, { signal: new AbortController().signal })
    const { video, answer } = peer
    await peer.close()
    const type = /^m=video \d+ \S+ (\d+)/m.exec(answer)?.[1]
    return { video, named: new RegExp(`a=rtpmap:${type} (\\w+)/`).exec(answer)?.[1]?.toLowerCase() }
  }
  for (const { name, sdp } of offers)
    it(`${name}: H.264 where the browser has it, else VP8, else VP9, and the answer says the same`, async () => {
      const both = (codec: string) => ({ video: codec, named: codec })
      assert.deepEqual(await chosen(sdp), both(sdp.includes('H264/90000') ? 'h264' : 'vp8'))
      assert.deepEqual(await chosen(only(sdp, 'AV1', 'VP9', 'VP8')), both('vp8'))
      assert.deepEqual(await chosen(only(sdp, 'AV1', 'VP9')), both('vp9'))
      assert.equal((await chosen(only(sdp, 'AV1'))).video, undefined)
    })
})
