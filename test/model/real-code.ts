import { registerHooks } from 'node:module'

/**
 * The camera's own serve.ts, control.ts and policy-store.ts and the viewer's watch.ts with two stand-ins: no WebRTC below them, and no
 * disk. Everything else they use, all of protocol/src among it, is the shipped code.
 */
const STAND_INS: Readonly<Record<string, string>> = {
  './rtc/peer.ts': './transport.ts',
  './durable-file.ts': './disk.ts',
}
/** Modules that are loaded once more, for the model, since what they import is replaced. */
const COPIED = ['./state-file.ts', './policy-store.ts']
const MARK = '?model'

const hooks = registerHooks({
  resolve(specifier, context, next) {
    if (!context.parentURL?.endsWith(MARK)) return next(specifier, context)
    const file = STAND_INS[specifier]
    if (file)
      return { url: new URL(file, import.meta.url).href, format: 'module-typescript', shortCircuit: true }
    const found = next(specifier, context)
    return COPIED.includes(specifier) ? { ...found, url: `${found.url}${MARK}` } : found
  },
})

const load = async <T>(name: string): Promise<T> =>
  (await import(`${import.meta.resolve(`@ownsight/camera-agent/${name}`)}${MARK}`)) as T

const ownWatch = new URL(`../../viewer/src/watch.ts${MARK}`, import.meta.url).href

export const { watch } = (await import(ownWatch)) as typeof import('../../viewer/src/watch.ts')
export const { createServer } = await load<typeof import('@ownsight/camera-agent/serve')>('serve')
export const { createControl } = await load<typeof import('@ownsight/camera-agent/control')>('control')
export const { openPolicyStore } =
  await load<typeof import('@ownsight/camera-agent/policy-store')>('policy-store')
hooks.deregister()
