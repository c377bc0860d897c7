import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'

/**
 * Preloaded for the control run alone: every check of who is who is taken out of the programs while they load, so that
 * the server's word counts, as in the systems that mixed homes up. Foreign frames must appear then; otherwise the run
 * without this could not have shown them either. It edits what is loaded from this tree and can reach no build.
 */
const EDITS: readonly { file: string; find: string; replace: string }[] = [
  {
    file: 'protocol/src/envelope.ts',
    find: "if ('aud' in payload && (payload.aud !== aud || payload.aud === payload.iss))",
    replace: 'if (aud === null)',
  },
  {
    file: 'protocol/src/envelope.ts',
    find: "if (!key) throw new ProtocolFault('unknown_viewer', 'iss', 'ask the owner to let this key in')",
    replace: 'if (!key) return { typ, payload, hash: await envelopeHash(jws as string) } as Verified<T>',
  },
  {
    file: 'protocol/src/offer-check.ts',
    find: 'if (!checks.windows.includes(win))',
    replace: 'if (win === "")',
  },
  {
    file: 'protocol/src/offer-check.ts',
    find: 'const granted = rightsOf(checks.policy, iss, checks.clock)',
    replace: "const granted: readonly Right[] = ['view']",
  },
  {
    file: 'protocol/src/offer-check.ts',
    find: "if (!key) throw new ProtocolFault('unknown_viewer', 'iss', 'ask the owner to let this key in')\n  return",
    replace: 'return',
  },
  {
    file: 'protocol/src/offer-check.ts',
    find: "if (recorded === 'seen')",
    replace: "if (recorded === 'full')",
  },
  {
    file: 'camera-agent/src/judge.ts',
    find: 'return rightsOf(policy, viewer, clock.read())',
    replace: "return ['view']",
  },
  { file: 'camera-agent/src/serve.ts', find: 'if (policy?.viewers.has(viewer)) return', replace: 'return' },
]

registerHooks({
  load(url, context, nextLoad) {
    const path = url.split('?')[0] ?? url
    const edits = EDITS.filter(({ file }) => path.endsWith(`/${file}`))
    if (edits.length === 0) return nextLoad(url, context)
    let source = readFileSync(new URL(path), 'utf8')
    for (const { file, find, replace } of edits) {
      if (!source.includes(find)) throw new Error(`${file} does not hold the check to take out: ${find}`)
      source = source.replace(find, replace)
    }
    return { format: 'module-typescript', source, shortCircuit: true }
  },
})
