import { mkdtempSync, rmSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { seededRandom } from '../../evil/world.ts'
import { loseDatagrams } from './loss.ts'

/** A process of many cameras: the agent's own code, with sources that were coded ahead. */
registerHooks({
  resolve: (specifier, context, next) =>
    specifier.endsWith('/media/share.ts') && context.parentURL?.includes('/camera-agent/src/')
      ? { url: new URL('./marked-share.ts', import.meta.url).href, shortCircuit: true }
      : next(specifier, context),
})
const { installGuard } = await import('@ownsight/camera-agent/rtc/dtls-guard')
const { selfTest } = await import('@ownsight/camera-agent/rtc/self-test')
const { runAgent } = await import('@ownsight/camera-agent/agent')
const { makeHome } = await import('./make-home.ts')
const { parseSource } = await import('@ownsight/camera-agent/media/source-config')
installGuard()
await selfTest()
const [server = '', from = '0', count = '0', loss = '0', seed = '0'] = process.argv.slice(2)
loseDatagrams(Number(loss), seededRandom(Number(seed)))
const data = mkdtempSync(join(tmpdir(), 'ownsight-homes-'))
const stop = new AbortController()
process.once('disconnect', () => stop.abort())
const cameras = Array.from({ length: Number(count) }, (_, i) => ({
  name: `Camera ${i}`,
  slug: `camera-${Number(from) + i}`,
  source: parseSource({ kind: 'test-pattern', width: 160, height: 90, fps: 10 }, 'source'),
}))
for (const { name, slug } of cameras)
  process.send?.({ event: 'home', camera: name, ...(await makeHome(data, slug)) })
await runAgent(
  { server, data, cameras, network: {} },
  {
    report: report => process.connected && process.send?.(report),
    signal: stop.signal,
    nextCode: () => new Promise(() => undefined),
  },
).finally(() => rmSync(data, { recursive: true, force: true }))
process.exit()
