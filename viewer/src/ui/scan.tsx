import jsQR from 'jsqr'
import { useEffect, useRef, useState } from 'preact/hooks'
import { Fault } from './fault.tsx'

const EVERY_MS = 150

/** Looks through this device's camera for a code that starts so. The pictures stay in this page. */
export function Scan({
  starts = 'os1:',
  onCode,
  onCancel,
}: {
  starts?: string
  onCode: (code: string) => void
  onCancel: () => void
}) {
  const video = useRef<HTMLVideoElement>(null)
  const [fault, setFault] = useState<string>()
  useEffect(() => {
    let stream: MediaStream | undefined
    let timer: ReturnType<typeof setInterval> | undefined
    let over = false
    const canvas = document.createElement('canvas')
    const look = () => {
      const code = video.current && readCode(video.current, canvas)
      if (code?.startsWith(starts)) onCode(code)
    }
    navigator.mediaDevices
      .getUserMedia({ video: { facingMode: 'environment' } })
      .then(opened => {
        stream = opened
        if (over || !video.current) return stop()
        video.current.srcObject = opened
        timer = setInterval(look, EVERY_MS)
      })
      .catch(() => setFault('This device gave no camera picture. Allow the camera, or paste the code.'))
    const stop = () => {
      for (const track of stream?.getTracks() ?? []) track.stop()
    }
    return () => {
      over = true
      clearInterval(timer)
      stop()
    }
  }, [])
  return (
    <div class="scan">
      <video ref={video} autoplay muted playsInline aria-label="Picture of this device's camera" />
      <Fault sentence={fault} />
      <button type="button" class="plain" onClick={onCancel}>
        Stop scanning
      </button>
    </div>
  )
}

function readCode(video: HTMLVideoElement, canvas: HTMLCanvasElement): string | undefined {
  const { videoWidth: width, videoHeight: height } = video
  if (width === 0) return undefined
  Object.assign(canvas, { width, height })
  const context = canvas.getContext('2d', { willReadFrequently: true })
  if (!context) return undefined
  context.drawImage(video, 0, 0)
  return jsQR(context.getImageData(0, 0, width, height).data, width, height)?.data
}
