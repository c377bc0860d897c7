import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const root = join(import.meta.dirname, '..', '..')
const stamp = join(root, 'node_modules', '.cache', 'ownsight-viewer.sha256')

export const viewerFolder = join(root, 'viewer', 'dist')

/**
 * Builds the viewer when its sources changed since the last build; a few seconds, otherwise nothing.
 * @throws Error with the builder's own output
 */
export async function buildViewer(progress: (line: string) => void): Promise<void> {
  const sources = fingerprint()
  if (
    existsSync(join(viewerFolder, 'index.html')) &&
    existsSync(stamp) &&
    readFileSync(stamp, 'utf8') === sources
  )
    return
  progress('Building the viewer …')
  await run(process.execPath, [
    join(root, 'node_modules', 'vite', 'bin', 'vite.js'),
    'build',
    '--logLevel',
    'warn',
  ])
  mkdirSync(dirname(stamp), { recursive: true })
  writeFileSync(stamp, sources)
}

function fingerprint(): string {
  const hash = createHash('sha256')
  const patterns = [
    'viewer/src/**/*.*',
    'viewer/public/**/*.*',
    'viewer/*.{html,ts,json}',
    'protocol/src/*.ts',
    'package-lock.json',
  ]
  for (const file of globSync(patterns, { cwd: root }).sort())
    hash.update(file).update(readFileSync(join(root, file)))
  return hash.digest('hex')
}

function run(command: string, args: string[]): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const child = spawn(command, args, { cwd: join(root, 'viewer'), stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  child.stdout.on('data', chunk => (output += chunk))
  child.stderr.on('data', chunk => (output += chunk))
  child.once('error', reject)
  child.once('close', code =>
    code === 0 ? resolve() : reject(new Error(`the viewer did not build:\n${output}`)),
  )
  return promise
}
