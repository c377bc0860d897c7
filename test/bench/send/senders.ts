import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

export type SenderName = 'ours' | 'stock' | 'pion'
export type Sender = {
  readonly name: SenderName
  readonly title: string
  command(clip: string, ...more: string[]): string[]
}

const GO = ['/usr/local/go/bin/go', '/usr/bin/go', '/usr/lib/go/bin/go']
const GO_PATH = '/usr/share/gocode'
const PION = join(GO_PATH, 'src/github.com/pion/webrtc')

/** What the bench needs for Pion and does not find here, in one line; undefined when all is there. */
export function missingForPion(): string | undefined {
  if (GO.some(existsSync) && existsSync(PION)) return undefined
  return 'no Pion in this run: apt-get install -y --no-install-recommends golang-go golang-github-pion-webrtc.v3-dev'
}

/** Those that this machine can run. @param folder for what has to be built */
export function senders(folder: string): Sender[] {
  const script = (name: SenderName, title: string): Sender => ({
    name,
    title,
    command: (...args) => [process.execPath, join(import.meta.dirname, `${name}.ts`), ...args],
  })
  const both = [script('ours', 'Ownsight'), script('stock', 'stock werift')]
  if (missingForPion()) return both
  const program = join(folder, 'pion')
  const go = GO.find(existsSync) ?? ''
  const env = { ...process.env, GO111MODULE: 'off', GOPATH: GO_PATH, GOFLAGS: '', GOTOOLCHAIN: 'local' }
  execFileSync(go, ['build', '-o', program, join(import.meta.dirname, 'pion', 'main.go')], { env })
  return [...both, { name: 'pion', title: 'Pion', command: (...args) => [program, ...args] }]
}
