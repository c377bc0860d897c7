import { type ChildProcess, spawn } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import type { Must } from './must.ts'

export const root = join(import.meta.dirname, '..', '..')

const workspaces = ['protocol', 'turn-config', 'signaling', 'camera-agent', 'viewer', 'start', 'test']
const left = new Set(['node_modules', 'dist', '.git'])

/** What mocha said: titles that passed and failed, or why nothing ran. */
export type Outcome = { passed: string[]; failed: string[]; trouble?: string }

/** A copy of our own sources that may be damaged; everything from the registry is shared through links. */
export type MutantTree = {
  /** The outcome of one test file with the tree as it is; `grep` picks tests by a part of their title. */
  run(test: string, grep?: string): Promise<Outcome>
  /** The same with one row's check removed. */
  runWithout(row: Must): Promise<Outcome>
  dispose(): void
}

/** The path of a new copy of our sources, with the packages of others linked; whoever asks removes it. */
export function copySources(): string {
  const tree = mkdtempSync(join(tmpdir(), 'ownsight-musts-'))
  for (const workspace of workspaces) copyWorkspace(workspace, tree)
  cpSync(join(root, 'package.json'), join(tree, 'package.json'))
  linkModules(tree)
  return tree
}

export function plantTree(): MutantTree {
  const tree = copySources()
  const running = new Set<ChildProcess>()

  async function run(test: string, grep?: string): Promise<Outcome> {
    const mocha = join(root, 'node_modules', 'mocha', 'bin', 'mocha.js')
    const report = join(tree, 'report.json')
    rmSync(report, { force: true })
    const picked = grep === undefined ? [] : ['--fgrep', grep]
    const options = [
      '--reporter',
      'json',
      '--reporter-option',
      `output=${report}`,
      '--exit',
      '--timeout',
      '20000',
      ...picked,
    ]
    const child = spawn(process.execPath, [mocha, ...options, test], {
      cwd: tree,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    running.add(child)
    let errors = ''
    child.stderr.on('data', chunk => (errors += chunk))
    const timer = setTimeout(() => child.kill('SIGKILL'), 180_000)
    await new Promise(resolve => child.once('close', resolve))
    clearTimeout(timer)
    running.delete(child)
    if (!existsSync(report))
      return { passed: [], failed: [], trouble: errors.trim().split('\n').slice(0, 6).join('\n') }
    return outcomeOf(readFileSync(report, 'utf8'))
  }

  return {
    run,
    async runWithout(row) {
      const path = join(tree, row.file)
      const source = readFileSync(path, 'utf8')
      writeFileSync(
        path,
        source.replace(row.find, () => row.replace),
      )
      try {
        return await run(row.test, row.grep)
      } finally {
        writeFileSync(path, source)
      }
    },
    dispose() {
      for (const child of running) child.kill('SIGKILL')
      rmSync(tree, { recursive: true, force: true })
    },
  }
}

function copyWorkspace(workspace: string, tree: string): void {
  const from = join(root, workspace)
  cpSync(from, join(tree, workspace), {
    recursive: true,
    filter: path => !left.has(basename(path)) && !path.endsWith('.tsbuildinfo'),
  })
  for (const shared of ['node_modules', 'dist'])
    if (existsSync(join(from, shared))) symlinkSync(join(from, shared), join(tree, workspace, shared))
}

/** Packages of others are links to the real ones; ours are links into this tree, or nothing would be tested. */
function linkModules(tree: string): void {
  const [from, to] = [join(root, 'node_modules'), join(tree, 'node_modules')]
  mkdirSync(join(to, '@ownsight'), { recursive: true })
  for (const name of readdirSync(from).filter(each => each !== '@ownsight' && each !== '.cache'))
    symlinkSync(join(from, name), join(to, name))
  for (const workspace of workspaces) symlinkSync(join(tree, workspace), join(to, '@ownsight', workspace))
}

function outcomeOf(json: string): Outcome {
  const report = JSON.parse(json) as { passes: { fullTitle: string }[]; failures: { fullTitle: string }[] }
  const titles = (tests: { fullTitle: string }[]) => tests.map(test => test.fullTitle)
  return { passed: titles(report.passes), failed: titles(report.failures) }
}
