import type { Proof } from './run.ts'

/** What was found where nothing may be, and where nothing was found that must be; one line each. */
export function verdict(proof: Proof): string[] {
  const faults = proof.places.flatMap(({ place, control, found }) => {
    if (control) return found.size === 0 ? [`the search finds nothing in ${place}: it does not work`] : []
    return [...found].map(([what, times]) => `${place}: ${what}, ${times} times`)
  })
  return [...faults, ...proof.media.map(name => `the server depends on ${name}, a media library`)]
}
