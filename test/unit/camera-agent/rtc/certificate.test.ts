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
})
