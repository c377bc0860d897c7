import { fileURLToPath } from 'node:url'

/** How a process that FFmpeg runs in is started: it sees nothing of the agent's environment, folder or files. */
export const confinedOptions = () => ({
  cwd: '/',
  env: process.env.TZ ? { TZ: process.env.TZ } : {},
  execArgv: confinement(),
})

/** Node's permission model: the process's JavaScript may read its own code and nothing else, start nothing. */
function confinement(): string[] {
  const modules = fileURLToPath(import.meta.resolve('node-av/lib')).replace(
    /([\\/]node_modules)[\\/].*$/s,
    '$1',
  )
  const own = fileURLToPath(new URL('../..', import.meta.url))
  const readable = [own, modules].map(path => `--allow-fs-read=${path}`)
  return ['--permission', '--allow-addons', ...readable, '--max-old-space-size=192', '--no-warnings']
}
