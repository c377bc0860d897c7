import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'

/**
 * Preloaded into a program: removes one piece of its source while loading, to show that a test notices.
 * WITHOUT_FILE is the end of the module's path, WITHOUT_TEXT the exact text to remove; it must occur.
 */
const file = process.env.WITHOUT_FILE ?? ''
const removed = process.env.WITHOUT_TEXT ?? ''

registerHooks({
  load(url, context, nextLoad) {
    if (!file || !url.endsWith(file)) return nextLoad(url, context)
    const source = readFileSync(new URL(url), 'utf8')
    if (!source.includes(removed)) throw new Error(`${file} does not hold the text to remove`)
    const replacement = process.env.WITHOUT_REPLACEMENT ?? ''
    return { format: 'module-typescript', source: source.replace(removed, replacement), shortCircuit: true }
  },
})
