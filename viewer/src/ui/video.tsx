import { useEffect, useLayoutEffect, useRef } from 'preact/hooks'
import type { ViewSession } from '../view-session.ts'

/**
 * One session's stream in an element of its own, for as long as the session is there: it is decoded while it waits, and
 * taking its place on the page changes nothing but the class.
 */
export function Video({
  session,
  name,
  isShown,
  isHeard,
  onSilenced,
}: {
  session: ViewSession
  name: string
  isShown: boolean
  isHeard: boolean
  /** the browser plays no sound before somebody has touched the page */
  onSilenced: () => void
}) {
  const video = useRef<HTMLVideoElement>(null)
  // With the element, not after the next picture of the page: what the camera sends first is decoded by then, and gone.
  useLayoutEffect(() => {
    const element = video.current
    if (!element) return
    element.srcObject = session.live.stream
    void element.play().catch(() => undefined)
    let handle = element.requestVideoFrameCallback(function seen(_, { rtpTimestamp }) {
      if (session.signs().frameAt === undefined) performance.mark('ownsight:first-frame')
      session.frame(rtpTimestamp)
      handle = element.requestVideoFrameCallback(seen)
    })
    session.copyPicture = () => copyOf(element)
    const size = new ResizeObserver(() => {
      if (element.clientHeight > 0) session.tile(element.clientHeight * devicePixelRatio)
    })
    size.observe(element)
    return () => {
      session.copyPicture = undefined
      size.disconnect()
      element.cancelVideoFrameCallback(handle)
      element.srcObject = null
    }
  }, [session])
  useEffect(() => {
    // A browser that does not allow sound stops the picture with it: without sound it goes on.
    void video.current?.play().catch(error => {
      if (isHeard && error.name === 'NotAllowedError') onSilenced()
    })
  }, [isHeard])
  return (
    <video
      ref={video}
      class={isShown ? 'shown' : 'coming'}
      data-testid={isShown ? 'video' : 'video-coming'}
      autoplay
      muted={!isHeard}
      playsInline
      aria-label={isShown ? `Live picture of ${name}` : undefined}
      aria-hidden={!isShown}
    />
  )
}

/** Large enough to recognise, small enough to keep: it is only ever shown dimmed. */
const COPY_WIDTH = 640

function copyOf(video: HTMLVideoElement): HTMLCanvasElement | undefined {
  const { videoWidth, videoHeight } = video
  if (videoWidth === 0 || videoHeight === 0) return undefined
  const canvas = document.createElement('canvas')
  canvas.width = Math.min(COPY_WIDTH, videoWidth)
  canvas.height = Math.round((canvas.width * videoHeight) / videoWidth)
  canvas.getContext('2d')?.drawImage(video, 0, 0, canvas.width, canvas.height)
  return canvas
}
