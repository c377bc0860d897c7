import { markLayout } from '@ownsight/camera-agent/media/mark'

/** Height of the test pattern's design, and where its bars lie in it (media/test-pattern.ts). */
const DESIGN = 688
const BARS_MIDDLE = 568
const LEFT = 64

/** Parts of the picture's width and height. */
export type Place = { x: number; y: number }

/** A page of either browser's driver. */
export type Evaluating = { evaluate(script: string): Promise<unknown> }

/** For a script that runs before the page's own: remembers each connection it makes. */
export function keepPeers(): void {
  const peers: RTCPeerConnection[] = []
  const Real = window.RTCPeerConnection
  Object.assign(window, {
    __peers: peers,
    RTCPeerConnection: class extends Real {
      constructor(configuration?: RTCConfiguration) {
        super(configuration)
        peers.push(this)
      }
    },
  })
}

export type Heard = { packets: number; energy: number; pictures: number }

/** In the page: packets and loudness of sound, and pictures, received on any connection so far. */
export async function countHeard(): Promise<Heard> {
  const { __peers } = window as unknown as { __peers: RTCPeerConnection[] }
  const heard = { packets: 0, energy: 0, pictures: 0 }
  for (const peer of __peers)
    for (const report of (await peer.getStats()).values()) {
      if (report.type !== 'inbound-rtp') continue
      if (report.kind === 'audio') heard.packets += report.packetsReceived
      if (report.kind === 'audio') heard.energy += report.totalAudioEnergy ?? 0
      if (report.kind === 'video') heard.pictures += report.framesDecoded
    }
  return heard
}

/** Where the test pattern's bars are, which flash; parts of a picture of that size. */
export function barsOf(source: { width: number; height: number }): Place {
  const free = source.height - markLayout(source.width).height
  const unit = Math.min(free / DESIGN, source.width / 1280)
  return {
    x: (LEFT * unit + (source.width - 2 * LEFT * unit) * 0.94) / source.width,
    y: (BARS_MIDDLE * unit) / source.height,
  }
}

/** Further apart than this they are not of one moment. */
const APART_MS = 500

/**
 * How much later than the flash at `place` each beep of a source is there, ms; negative when it is earlier. The flash
 * counts when the browser means to show it, the beep by the clock of WebAudio. Sound has to be turned on.
 */
export async function lipSync(page: Evaluating, place: Place, seconds: number): Promise<number[]> {
  const flashing = page.evaluate(`(${watch.toString()})(${JSON.stringify({ place, seconds })})`)
  const [flashes, beeps] = (await Promise.all([flashing, hearBeeps(page, seconds)])) as [number[], number[]]
  return flashes.flatMap(flash => {
    const [nearest] = beeps.map(beep => beep - flash).sort((a, b) => Math.abs(a) - Math.abs(b))
    return nearest !== undefined && Math.abs(nearest) < APART_MS ? [nearest] : []
  })
}

/** When each beep begins in the page's sound, ms since 1970. */
export const hearBeeps = (page: Evaluating, seconds: number) =>
  page.evaluate(`(${listen.toString()})(${seconds})`) as Promise<number[]>

async function listen(seconds: number): Promise<number[]> {
  const video = document.querySelector<HTMLVideoElement>('[data-testid="video"]')
  if (!video) throw new Error('no picture')
  const context = new AudioContext()
  await context.resume()
  const stream = new MediaStream((video.srcObject as MediaStream).getAudioTracks())
  const analyser = new AnalyserNode(context, { fftSize: 4096 })
  const silence = new GainNode(context, { gain: 0 })
  context.createMediaStreamSource(stream).connect(analyser).connect(silence).connect(context.destination)
  const samples = new Float32Array(analyser.fftSize)
  const beeps: number[] = []
  /** what the page's clock is ahead of WebAudio's, at the least: that one moves in steps */
  let ahead = Number.POSITIVE_INFINITY
  let quietSince = 0
  const timer = setInterval(() => {
    const now = context.currentTime
    ahead = Math.min(ahead, performance.timeOrigin + performance.now() - now * 1000)
    analyser.getFloatTimeDomainData(samples)
    for (let i = 0; i < samples.length; i++) {
      const at = now - (samples.length - i) / context.sampleRate
      if (at <= quietSince || Math.abs(samples[i] ?? 0) < 0.05) continue
      if (at - quietSince > 0.3) beeps.push(at * 1000)
      quietSince = at
    }
  }, 15)
  await new Promise(resolve => setTimeout(resolve, seconds * 1000))
  clearInterval(timer)
  await context.close()
  return beeps.map(beep => beep + ahead)
}

async function watch({ place, seconds }: { place: Place; seconds: number }): Promise<number[]> {
  const video = document.querySelector<HTMLVideoElement>('[data-testid="video"]')
  if (!video) throw new Error('no picture')
  const flashes: number[] = []
  const canvas = new OffscreenCanvas(4, 4)
  const pen = canvas.getContext('2d', { willReadFrequently: true })
  let wasBright = true
  let handle = 0
  const look = (_: number, { expectedDisplayTime }: VideoFrameCallbackMetadata): void => {
    const { videoWidth: w, videoHeight: h } = video
    pen?.drawImage(video, place.x * w - 2, place.y * h - 2, 4, 4, 0, 0, 4, 4)
    const isBright = (pen?.getImageData(0, 0, 4, 4).data[21] ?? 0) > 150
    if (isBright && !wasBright) flashes.push(performance.timeOrigin + expectedDisplayTime)
    wasBright = isBright
    handle = video.requestVideoFrameCallback(look)
  }
  handle = video.requestVideoFrameCallback(look)
  await new Promise(resolve => setTimeout(resolve, seconds * 1000))
  video.cancelVideoFrameCallback(handle)
  return flashes
}
