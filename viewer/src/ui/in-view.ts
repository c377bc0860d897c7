import type { RefObject } from 'preact'
import { useEffect, useRef } from 'preact/hooks'

/** Half of it: what only peeps over the edge is not about to be tapped. */
const PART = 0.5

/**
 * Calls `enter` when the element comes into view and what that returned when it leaves, or is gone.
 * @param enter undefined: whether it is in view does not matter
 */
export function useInView<Kind extends Element>(
  enter: (() => () => void) | undefined,
): RefObject<Kind | null> {
  const element = useRef<Kind>(null)
  const latest = useRef(enter)
  latest.current = enter
  const isAsked = enter !== undefined
  useEffect(() => {
    if (!isAsked || !element.current) return
    let leave: (() => void) | undefined
    const observer = new IntersectionObserver(
      entries => {
        if (entries.at(-1)?.isIntersecting) leave ??= latest.current?.()
        else {
          leave?.()
          leave = undefined
        }
      },
      { threshold: PART },
    )
    observer.observe(element.current)
    return () => {
      observer.disconnect()
      leave?.()
    }
  }, [isAsked])
  return element
}
