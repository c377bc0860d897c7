import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { programs, repository } from '../support/source-tree.ts'
import { removeTemp, tempFolder } from '../support/temp.ts'

type Plant = {
  readonly fault: string
  /** the workspace it is planted in, as src/planted.ts */
  readonly into: (typeof programs)[number]
  readonly text: string
  /** a second file, src/planted-too.ts */
  readonly too?: string
  /** what each tool that guards against it calls it */
  readonly tsc?: string
  readonly biome?: string
}

const plants: readonly Plant[] = [
  {
    fault: 'protocol/ imports from Node',
    into: 'protocol',
    text: "import { readFileSync } from 'node:fs'\n\nexport const planted = (): string => readFileSync('x', 'utf8')\n",
    tsc: 'TS2591',
    biome: 'noNodejsModules',
  },
  {
    fault: 'protocol/ uses a global of Node',
    into: 'protocol',
    text: 'export const planted = (): unknown => process.env\n',
    tsc: 'TS2591',
  },
  {
    fault: 'protocol/ uses the document',
    into: 'protocol',
    text: 'export const planted = (): string => document.title\n',
    tsc: 'TS2584',
  },
  {
    fault: 'the viewer imports signaling',
    into: 'viewer',
    text: "export { startSignaling as planted } from '@ownsight/signaling/server'\n",
    biome: 'noUndeclaredDependencies',
  },
  {
    fault: 'signaling imports the camera agent',
    into: 'signaling',
    text: "export { acceptOffer as planted } from '@ownsight/camera-agent/rtc/peer'\n",
    biome: 'noUndeclaredDependencies',
  },
  {
    fault: 'a program imports the tests',
    into: 'camera-agent',
    text: "export { until as planted } from '@ownsight/test/support/wait'\n",
    biome: 'noUndeclaredDependencies',
  },
  {
    fault: 'a dependency that package.json does not name',
    into: 'protocol',
    text: "export { pino as planted } from 'pino'\n",
    biome: 'noUndeclaredDependencies',
  },
  {
    fault: 'a cycle of imports',
    into: 'protocol',
    text: "export { planted as again } from './planted-too.ts'\n\nexport const other = 1\n",
    too: "export { other } from './planted.ts'\n\nexport const planted = 1\n",
    biome: 'noImportCycles',
  },
  {
    fault: 'any',
    into: 'start',
    text: 'export const planted: any = 1\n',
    biome: 'noExplicitAny',
  },
  {
    fault: 'an enum',
    into: 'start',
    text: 'export enum Planted {\n  A,\n}\n',
    tsc: 'TS1294',
    biome: 'noEnum',
  },
  { fault: 'a default export', into: 'start', text: 'export default 1\n', biome: 'noDefaultExport' },
]

/** So that a guard cannot go silent: each fault is planted alone into a copy of the tree, and must be found there. */
describe('boundaries: each planted fault is found', function () {
  this.timeout(60_000)
  let copy = ''

  before(() => {
    copy = tempFolder('boundaries')
    const skip = ['node_modules', 'dist', 'public']
    for (const entry of [...programs, 'package.json', 'biome.json', '.gitignore', 'tsconfig.base.json'])
      cpSync(join(repository, entry), join(copy, entry), {
        recursive: true,
        filter: source => !skip.includes(basename(source)) && !source.endsWith('.tsbuildinfo'),
      })
    symlinkSync(join(repository, 'node_modules'), join(copy, 'node_modules'))
  })
  after(() => removeTemp(copy))

  /** What `program` says on lines that begin with the planted file's path. */
  function objections(program: string, args: string[], path: string): string {
    const { stdout, stderr } = spawnSync(
      process.execPath,
      [join(repository, 'node_modules', program), ...args],
      {
        cwd: copy,
        encoding: 'utf8',
        env: { ...process.env, NO_COLOR: '1' },
      },
    )
    const lines = `${stdout}${stderr}`.split('\n')
    return lines.filter(line => line.startsWith(path)).join('\n')
  }

  function plant({ into, text, too }: Pick<Plant, 'into' | 'text' | 'too'>) {
    const path = `${into}/src/planted.ts`
    const files = { [path]: text, ...(too === undefined ? {} : { [`${into}/src/planted-too.ts`]: too }) }
    for (const [file, content] of Object.entries(files)) writeFileSync(join(copy, file), content)
    return {
      tsc: () => objections('typescript/bin/tsc', ['-p', into], path),
      biome: () => objections('@biomejs/biome/bin/biome', ['lint', path], path),
      [Symbol.dispose]: () => {
        for (const file of Object.keys(files)) rmSync(join(copy, file))
      },
    }
  }

  for (const each of plants)
    for (const tool of ['tsc', 'biome'] as const) {
      const expected = each[tool]
      if (expected === undefined) continue
      it(`${tool}: ${each.fault}`, () => {
        using planted = plant(each)
        assert.match(planted[tool](), new RegExp(`\\b${expected}\\b`))
      })
    }

  it('a file without a fault is let through', () => {
    for (const into of ['protocol', 'start'] as const) {
      using planted = plant({ into, text: 'export const planted = 1\n' })
      assert.equal(planted.tsc() + planted.biome(), '', into)
    }
  })
})
