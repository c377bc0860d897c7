import { useEffect, useState } from 'preact/hooks'
import type { Home } from '../home.ts'
import { ago } from '../when.ts'

const TROUBLES: { [code: string]: string } = {
  older:
    'This camera shows an older list than it confirmed before: its memory was put back. Do not rely on it; reset it and pair it anew.',
  refused:
    'The camera did not take this device’s question. Another of your devices may have taken this one out.',
  limit: 'This camera’s list is full: remove someone first.',
  foreign_answer: 'Something answered in place of this camera and was not believed.',
}

/** Whether the camera itself has confirmed what this device shows: in one line, read out when it changes. */
export function PolicyState({ home, camId, name }: { home: Home; camId: string; name: string }) {
  const { inForce, pending, trouble } = home.policies.of(camId).value
  const now = useNow()
  const open = pending.filter(operation => !operation.unsure)
  const isPending = open.length > 0
  return (
    <div data-testid="policy-state" data-state={isPending ? 'pending' : 'confirmed'}>
      {/* Only what happens is read out, not the minutes that pass. */}
      <div role="status">
        {isPending ? (
          <p class="unconfirmed">
            {name} has not yet confirmed: {open.map(operation => operation.label).join('; ')}. It is kept here
            and delivered as soon as the camera can be reached.
          </p>
        ) : (
          inForce && <span class="hidden">{name} has confirmed everything.</span>
        )}
      </div>
      {!isPending && (
        <p class="quiet">
          {inForce
            ? `${name} confirmed this ${ago(inForce.at, now)}.`
            : `${name} has not been reached from this device yet.`}
        </p>
      )}
      {trouble && TROUBLES[trouble] && <p class="fault">{TROUBLES[trouble]}</p>}
    </div>
  )
}

/** This minute, so that "2 min ago" stays true. */
function useNow(): number {
  const [now, setNow] = useState(Date.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 15_000)
    return () => clearInterval(timer)
  }, [])
  return Math.max(now, Date.now())
}

/** Operations another device may have overtaken: only the owner knows whether they still hold. */
export function Unsure({ home, camId }: { home: Home; camId: string }) {
  const unsure = home.policies.of(camId).value.pending.filter(operation => operation.unsure)
  return (
    <>
      {unsure.map(({ id, label }) => (
        <section key={id} class="card ask" data-testid="unsure">
          <p>
            Another of your devices changed this camera at the same time. Is this still wanted: <b>{label}</b>
            ?
          </p>
          <div class="actions">
            <button
              type="button"
              class="secondary"
              onClick={() => void home.policies.decide(camId, id, false)}
            >
              No, leave it as it is
            </button>
            <button type="button" onClick={() => void home.policies.decide(camId, id, true)}>
              Yes, do it
            </button>
          </div>
        </section>
      ))}
    </>
  )
}
