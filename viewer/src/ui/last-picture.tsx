import { useEffect, useRef } from 'preact/hooks'
import { agePhrase, clockOf } from '../when.ts'

/** The copy of a picture that is no longer live, put on the page as the element it is. */
export function LastPicture({ image }: { image: HTMLCanvasElement }) {
  const place = useRef<HTMLDivElement>(null)
  useEffect(() => {
    place.current?.replaceChildren(image)
    return () => image.remove()
  }, [image])
  return <div ref={place} class="last" data-testid="last-picture" aria-hidden="true" />
}

/** How old what one sees is. Not announced: it changes each second. */
export function PictureAge({ age, takenAt }: { age: number; takenAt: number | undefined }) {
  return (
    <p class="age" data-testid="picture-age">
      Last picture {agePhrase(age)}
      {takenAt !== undefined && `, at ${clockOf(takenAt)}`}
    </p>
  )
}

/** From how bright to how dark a picture goes as it ages, and in how many seconds. */
const BRIGHT = 0.65
const DARK = 0.2
const DARK_AFTER_S = 30

export const dimOf = (age: number): number =>
  BRIGHT - (BRIGHT - DARK) * Math.min(1, Math.max(0, age) / DARK_AFTER_S)
