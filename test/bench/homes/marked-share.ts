import { readFileSync } from 'node:fs'
import { isParameterSet, joinAnnexB, NAL_IDR, nalType, splitAnnexB } from '@ownsight/camera-agent/media/h264'
import { packetizeH264 } from '@ownsight/camera-agent/media/h264-payload'
import type { MediaFrame, Share, ShareOptions } from '@ownsight/camera-agent/media/share'
import { markedSei } from './sei.ts'

/** Takes the place of the agent's share of a source: one key frame coded ahead, with this camera's mark before it. */
const FPS = 10
const key = Buffer.from(process.env.HOMES_KEY ?? '', 'hex')
const units = splitAnnexB(readFileSync(process.env.HOMES_CLIP ?? ''))
const parameters = units.filter(isParameterSet).slice(0, 2)
const pictures = units.filter(unit => nalType(unit) === NAL_IDR)

export function createShare(_config: unknown, options: ShareOptions): Share {
  const sei = markedSei(options.camId, key)
  const picture = pictures[Number(options.cameraName.split(' ')[1])]
  if (!picture) throw new Error(`no picture for ${options.cameraName}`)
  const viewers = new Set<(frame: MediaFrame) => void>()
  let counter = 0
  const tick = () => {
    counter++
    if (viewers.size === 0) return
    const payloads = packetizeH264(joinAnnexB([...parameters, sei(counter), picture]))
    for (const viewer of viewers) viewer({ payloads, timestamp: (counter * 90_000) / FPS, key: true })
  }
  const timer = setInterval(tick, 1000 / FPS)
  return {
    subscribe(_codec, onFrame) {
      viewers.add(onFrame)
      return {
        close: () => void viewers.delete(onFrame),
        requestKeyframe: () => undefined,
        setBudget: () => undefined,
        setHeight: () => undefined,
        demand: () => 0,
        hear: () => ({ setLoss: () => undefined, close: () => undefined }),
      }
    },
    status: () => ({ state: 'live' }) as ReturnType<Share['status']>,
    onStatus: () => () => undefined,
    setPrivate: () => viewers.clear(),
    viewers: () => viewers.size,
    pid: () => undefined,
    close: async () => clearInterval(timer),
  }
}
