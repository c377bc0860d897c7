/** The static half: which packages the server can load at all, read from the lock file. */

type Lock = {
  packages: {
    [path: string]: {
      link?: boolean
      resolved?: string
      dependencies?: { [name: string]: string }
      optionalDependencies?: { [name: string]: string }
    }
  }
}

/** Libraries that read, write, code or carry pictures and sound. */
const MEDIA =
  /^(werift.*|node-av|@?.*ffmpeg.*|fluent-ffmpeg|sharp|@img\/.*|jimp|@jimp\/.*|canvas|skia-canvas|@napi-rs\/canvas|gifenc|jpeg-js|pngjs|upng-js|mediasoup.*|wrtc|@roamhq\/wrtc|node-datachannel|beamcoder|.*gstreamer.*|opencv.*|.*h264.*|.*vp8.*|.*libav.*|.*webcodecs.*)$/i

/** Every package below one workspace, by name, as Node would resolve it. */
export function packagesBelow(lock: Lock, workspace: string): Set<string> {
  const names = new Set<string>()
  const seen = new Set<string>()
  const visit = (path: string): void => {
    if (seen.has(path)) return
    seen.add(path)
    const entry = lock.packages[path]
    if (!entry) throw new Error(`${path} is not in the lock file: run npm install`)
    for (const name of Object.keys({ ...entry.dependencies, ...entry.optionalDependencies })) {
      names.add(name)
      const found = resolvePackage(lock, path, name)
      if (found !== undefined) visit(found)
    }
  }
  visit(workspace)
  return names
}

/** Nearest `node_modules` upwards; a workspace is a link to its folder. Undefined for an optional one not installed. */
function resolvePackage(lock: Lock, from: string, name: string): string | undefined {
  for (let folder = from; ; folder = folder.includes('/') ? folder.slice(0, folder.lastIndexOf('/')) : '') {
    const path = `${folder ? `${folder}/` : ''}node_modules/${name}`
    const entry = lock.packages[path]
    if (entry) return entry.link ? entry.resolved : path
    if (folder === '') return undefined
  }
}

export const mediaPackages = (lock: Lock, workspace = 'signaling'): string[] =>
  [...packagesBelow(lock, workspace)].filter(name => MEDIA.test(name) || name === '@ownsight/camera-agent')
