import { registerHooks } from 'node:module'

/**
 * The page's own modules in a process: signaling as it connects, the live view as it opens, hedges and tries again. What
 * a browser would say by itself is said here: where the page is from, and that it is seen.
 */
export async function loadPage(origin: string) {
  Object.assign(globalThis, { location: new URL(origin) })
  const hooks = registerHooks({
    resolve: (specifier, context, next) =>
      specifier === 'socket.io-client' && context.parentURL?.endsWith('/viewer/src/signaling-link.ts')
        ? { url: new URL('./page-socket.ts', import.meta.url).href, shortCircuit: true }
        : next(specifier, context),
  })
  const [{ connectSignaling }, { openLiveView }, { watch }, { isFinal }] = await Promise.all([
    import('../../../viewer/src/signaling-client.ts'),
    import('../../../viewer/src/live-view.ts'),
    import('../../../viewer/src/watch.ts'),
    import('../../../viewer/src/failures.ts'),
  ])
  hooks.deregister()
  return { connectSignaling, openLiveView, watch, isFinal }
}

/** A page that is always seen. */
export const SEEN = { isHidden: () => false, isOnline: () => true, on: () => () => undefined }
