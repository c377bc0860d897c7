/** One sentence about what went wrong, spoken when it appears. */
export function Fault({ sentence }: { sentence: string | undefined }) {
  return (
    <div role="alert" data-testid="failure">
      {sentence && <p class="fault">{sentence}</p>}
    </div>
  )
}
