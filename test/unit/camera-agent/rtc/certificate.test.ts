import assert from 'node:assert/strict'
import { nextCertificate, prepareCertificates } from '@ownsight/camera-agent/rtc/certificate'

describe('certificates of sessions', () => {
  const print = async (): Promise<string | undefined> => (await nextCertificate()).getFingerprints()[0]?.value

  it('each is handed out once, whether it was ready or not', async () => {
    prepareCertificates()
    const prints = await Promise.all(Array.from({ length: 6 }, print))
    assert.equal(new Set(prints).size, prints.length)
    assert.ok(prints.every(each => /^([0-9a-f]{2}:){31}[0-9a-f]{2}$/i.test(each ?? '')))
  })

  it('are made anew while sessions go on coming: the next one does not put it off', async () => {
    prepareCertificates()
    const real = globalThis.setTimeout
    const runs: (() => void)[] = []
    globalThis.setTimeout = ((run: () => void) => {
      runs.push(run)
      return { unref: () => 'timer' }
    }) as never
    try {
      for (let i = 0; i < 3; i++) await nextCertificate()
      assert.equal(runs.length, 1)
      runs[0]?.()
      await nextCertificate()
      assert.equal(runs.length, 2)
      prepareCertificates()
    } finally {
      globalThis.setTimeout = real
    }
  })
})
