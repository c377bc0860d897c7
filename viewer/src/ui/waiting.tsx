import { useEffect, useState } from 'preact/hooks'
import type { Home } from '../home.ts'
import { admit, withdraw } from '../invitations.ts'
import { type Person, rightsSentence } from '../people.ts'
import type { Confirmed } from '../policies.ts'
import { momentOf, span } from '../when.ts'
import type { Circle } from './people.tsx'

type Entry = Confirmed['status']['waiting'][number]

/** Devices that opened an invitation and wait to be let in. */
export function Waiting({ home, camId, circle }: { home: Home; camId: string; circle: Circle }) {
  const { inForce, pending } = home.policies.of(camId).value
  const answered = new Set(
    pending
      .filter(operation => !operation.unsure)
      .flatMap(({ changes }) =>
        changes.flatMap(change =>
          change.op === 'admit' ? [change.inv] : change.op === 'remove' ? [change.k] : [],
        ),
      ),
  )
  return (
    <div aria-live="polite" class="questions">
      {inForce?.status.waiting
        .filter(({ inv }) => !answered.has(inv))
        .map(entry => {
          const invitation = circle.invitations.find(({ id }) => id === entry.inv)
          return (
            invitation && (
              <Question key={entry.inv} home={home} camId={camId} entry={entry} invitation={invitation} />
            )
          )
        })}
    </div>
  )
}

function Question({
  home,
  camId,
  entry,
  invitation,
}: {
  home: Home
  camId: string
  entry: Entry
  invitation: Person
}) {
  const [until, setUntil] = useState<number | null>(invitation.until ?? null)
  useEffect(() => {
    void home.keystore.wish(invitation.id).then(wish => {
      if (wish !== undefined) setUntil(wish)
    })
  }, [home, invitation.id])
  const used = home.reused.value.get(invitation.id)
  return (
    <section class="card ask" data-testid="waiting">
      <h2>Someone opened the invitation “{invitation.name}”</h2>
      <p>
        On {momentOf(entry.at)}. {rightsSentence(invitation.rights)}
        {until === null ? ', without end' : `, ${span(invitation.from, until)}`}. Let them in?
      </p>
      <p class="quiet">
        Ask {invitation.name} whether it was them: whoever had the link could open it first.
      </p>
      {used !== undefined && <Reused name={invitation.name} at={used} />}
      <div class="actions">
        <button type="button" class="secondary" onClick={() => void withdraw(home, camId, invitation)}>
          Refuse
        </button>
        <button type="button" onClick={() => void admit(home, camId, entry, invitation, until)}>
          Allow
        </button>
      </div>
    </section>
  )
}

/** @param at seconds since the epoch */
function Reused({ name, at }: { name: string; at: number }) {
  return (
    <p class="unconfirmed" data-testid="reused">
      The link for {name} was opened on a second device too, on {momentOf(at)}, and that one was refused. The
      link has gone further than you meant.
    </p>
  )
}
