/** How long somebody may watch, as the owner chooses it. */
export type UntilChoice =
  | { kind: 'today' | 'week' | 'month' | 'never' }
  /** seconds since the epoch */
  | { kind: 'custom'; at: number }

const DAY_S = 86_400
const WORDS = {
  today: 'Today',
  week: '7 days',
  month: '30 days',
  custom: 'Until …',
  never: 'Family: without end',
} as const

const nowSeconds = (): number => Math.floor(Date.now() / 1000)

/** Seconds since the epoch; null for without end. Today ends at midnight by this device's clock. */
export function untilSeconds(choice: UntilChoice): number | null {
  if (choice.kind === 'custom') return choice.at
  if (choice.kind === 'never') return null
  if (choice.kind === 'today') return Math.floor(new Date().setHours(24, 0, 0, 0) / 1000)
  return nowSeconds() + (choice.kind === 'week' ? 7 : 30) * DAY_S
}

export function Until({
  choice,
  onChange,
}: {
  choice: UntilChoice
  onChange: (choice: UntilChoice) => void
}) {
  return (
    <fieldset class="boxes">
      <legend>How long</legend>
      {(Object.keys(WORDS) as UntilChoice['kind'][]).map(kind => (
        <label key={kind} class="box">
          <input
            type="radio"
            name="until"
            checked={choice.kind === kind}
            onChange={() => onChange(kind === 'custom' ? { kind, at: nowSeconds() + DAY_S } : { kind })}
          />
          {WORDS[kind]}
        </label>
      ))}
      {choice.kind === 'custom' && (
        <Moment
          label="Ends"
          name="ends"
          value={choice.at}
          onChange={at => onChange({ kind: 'custom', at })}
        />
      )}
    </fieldset>
  )
}

/** A moment by this device's clock. */
export function Moment({
  label,
  name,
  value,
  onChange,
}: {
  label: string
  name: string
  value: number
  onChange: (seconds: number) => void
}) {
  const offset = new Date(value * 1000).getTimezoneOffset() * 60
  return (
    <label>
      {label}
      <input
        type="datetime-local"
        name={name}
        required
        value={new Date((value - offset) * 1000).toISOString().slice(0, 16)}
        onChange={event => {
          const at = new Date(event.currentTarget.value).getTime()
          if (Number.isFinite(at)) onChange(Math.floor(at / 1000))
        }}
      />
    </label>
  )
}
