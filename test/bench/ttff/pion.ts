import { execFile } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

const SOURCE = join(import.meta.dirname, 'pion', 'main.go')
/** Where Debian keeps the sources of its Go packages. */
const DEBIAN = '/usr/share/gocode'
const PACKAGE = 'golang-github-pion-webrtc.v3-dev'
const COMPILERS = ['/usr/local/go/bin/go', '/usr/bin/go']

/** Why there is no Pion to compare with: one line, with the remedy. */
export class NoPion extends Error {
  override readonly name = 'NoPion'
}

/**
 * Builds the sender from Debian's sources, without a network. Their import paths end in `/v3`, which Go outside of modules
 * takes from code that is in a tree with a go.mod (`go help gopath`, minimal module compatibility).
 * @returns its path
 * @throws NoPion
 */
export async function buildPion(folder: string): Promise<string> {
  const go = COMPILERS.find(existsSync)
  if (!go || !existsSync(join(DEBIAN, 'src/github.com/pion/webrtc/pkg/media')))
    throw new NoPion(`apt-get install --no-install-recommends ${go ? '' : 'golang-go '}${PACKAGE}`)
  const tree = join(folder, 'src', 'plain')
  const program = join(folder, 'plain-pion')
  mkdirSync(tree, { recursive: true })
  copyFileSync(SOURCE, join(tree, 'main.go'))
  writeFileSync(join(tree, 'go.mod'), 'module plain\n')
  const env = {
    ...process.env,
    GO111MODULE: 'off',
    GOPATH: `${folder}:${DEBIAN}`,
    GOFLAGS: '',
    CGO_ENABLED: '0',
  }
  try {
    await promisify(execFile)(go, ['build', '-o', program, '.'], { cwd: tree, env })
  } catch (error) {
    throw new NoPion(`it does not build: ${String((error as { stderr?: string }).stderr).split('\n')[0]}`)
  }
  return program
}
