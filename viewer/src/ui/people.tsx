import type { Right } from '@ownsight/protocol/messages'
import { ALL_RIGHTS } from '@ownsight/protocol/policy-change'
import { useEffect, useRef, useState } from 'preact/hooks'
import type { Home } from '../home.ts'
import { changeRights, removePerson, withdraw } from '../invitations.ts'
import { invitationsOf, type Person, peopleOf, rightsSentence, rightWord } from '../people.ts'
import { span } from '../when.ts'
import { Until, type UntilChoice, untilSeconds } from './until.tsx'

export type Circle = { people: Person[]; invitations: Person[] }

/** Who stands in the policy in force, with the owner's names; undefined until the camera was heard once. */
export function useCircle(home: Home, camId: string): Circle | undefined {
  const { inForce, pending } = home.policies.of(camId).value
  const names = home.people.value
  const [circle, setCircle] = useState<Circle>()
  useEffect(() => {
    let over = false
    const policy = inForce?.policy
    if (!policy) return setCircle(undefined)
    const own = { view: home.device.view.id, admin: home.device.admin.id }
    const known = { people: names, own, pending }
    void Promise.all([peopleOf(policy, known), invitationsOf(policy, known)]).then(
      ([people, invitations]) => {
        if (!over) setCircle({ people, invitations })
      },
    )
    return () => {
      over = true
    }
  }, [inForce, pending, names, home])
  return circle
}

export function People({ home, camId, circle }: { home: Home; camId: string; circle: Circle }) {
  return (
    <ul class="people" aria-label="Who may watch">
      {circle.people.map(person => (
        <PersonRow key={person.id} home={home} camId={camId} person={person} />
      ))}
    </ul>
  )
}

function PersonRow({ home, camId, person }: { home: Home; camId: string; person: Person }) {
  const [mode, setMode] = useState<'shown' | 'change' | 'remove'>('shown')
  const times = span(person.from, person.until)
  const isLeaving = person.pending?.changes.some(change => change.op === 'remove') ?? false
  return (
    <li data-testid="person">
      <div class="person">
        <div>
          <strong>{person.name}</strong>
          {person.admin && <span class="tag">may change things</span>}
          <p class="quiet">
            {rightsSentence(person.rights)}
            {times && `, ${times}`}
          </p>
          {person.pending && <p class="unconfirmed">Not yet confirmed: {person.pending.label}</p>}
        </div>
        {!person.self && !isLeaving && (
          <div class="person-actions">
            {!person.admin && (
              <button
                type="button"
                class="plain"
                aria-expanded={mode === 'change'}
                onClick={() => setMode('change')}
              >
                Change<span class="hidden"> {person.name}</span>
              </button>
            )}
            <button
              type="button"
              class="plain danger"
              aria-expanded={mode === 'remove'}
              onClick={() => setMode('remove')}
            >
              Remove<span class="hidden"> {person.name}</span>
            </button>
          </div>
        )}
      </div>
      {mode === 'remove' && (
        <Confirm
          question={`Remove ${person.name}? If they are watching, the picture ends at once.`}
          yes="Remove"
          onYes={() => removePerson(home, camId, person)}
          onDone={() => setMode('shown')}
        />
      )}
      {mode === 'change' && (
        <Change home={home} camId={camId} person={person} onDone={() => setMode('shown')} />
      )}
    </li>
  )
}

/** A question in the page itself, its first answer the careful one. */
export function Confirm({
  question,
  yes,
  onYes,
  onDone,
}: {
  question: string
  yes: string
  onYes: () => Promise<void>
  onDone: () => void
}) {
  const careful = useRef<HTMLButtonElement>(null)
  useEffect(() => {
    const before = document.activeElement
    careful.current?.focus()
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus()
    }
  }, [])
  return (
    <div class="confirm">
      <p role="alert">{question}</p>
      <div class="actions">
        <button type="button" class="secondary" onClick={onDone} ref={careful}>
          Keep
        </button>
        <button type="button" class="dangerous" onClick={() => void onYes().finally(onDone)}>
          {yes}
        </button>
      </div>
    </div>
  )
}

function Change({
  home,
  camId,
  person,
  onDone,
}: {
  home: Home
  camId: string
  person: Person
  onDone: () => void
}) {
  const [rights, setRights] = useState<readonly Right[]>(person.rights)
  const [until, setUntil] = useState<UntilChoice>(
    person.until === undefined ? { kind: 'never' } : { kind: 'custom', at: person.until },
  )
  return (
    <form
      onSubmit={event => {
        event.preventDefault()
        void changeRights(home, camId, person, { rights, until: untilSeconds(until) }).finally(onDone)
      }}
    >
      <RightBoxes rights={rights} onChange={setRights} />
      <Until choice={until} onChange={setUntil} />
      <div class="actions">
        <button type="button" class="secondary" onClick={onDone}>
          Cancel
        </button>
        <button type="submit">Save</button>
      </div>
    </form>
  )
}

export function RightBoxes({
  rights,
  onChange,
}: {
  rights: readonly Right[]
  onChange: (rights: readonly Right[]) => void
}) {
  return (
    <fieldset class="boxes">
      <legend>What they may do</legend>
      {ALL_RIGHTS.map(right => (
        <label key={right} class="box">
          <input
            type="checkbox"
            name={right}
            checked={rights.includes(right)}
            disabled={right === 'view'}
            onChange={event =>
              onChange(
                ALL_RIGHTS.filter(other =>
                  other === right ? event.currentTarget.checked : rights.includes(other),
                ),
              )
            }
          />
          {rightWord(right)}
        </label>
      ))}
    </fieldset>
  )
}

/** Invitations nobody has been let in by. */
export function Invitations({ home, camId, circle }: { home: Home; camId: string; circle: Circle }) {
  const [asked, setAsked] = useState<string>()
  const waiting = home.policies.of(camId).value.inForce?.status.waiting ?? []
  return (
    <ul class="people" aria-label="Open invitations">
      {circle.invitations.map(invitation => (
        <li key={invitation.id} data-testid="invitation">
          <div class="person">
            <div>
              <strong>{invitation.name}</strong>
              <p class="quiet">
                {waiting.some(({ inv }) => inv === invitation.id)
                  ? 'Opened, waits for you'
                  : 'Not opened yet'}
                {`, good ${span(invitation.from, invitation.until)}`}
              </p>
              {invitation.pending && <p class="unconfirmed">Not yet confirmed: {invitation.pending.label}</p>}
            </div>
            <button type="button" class="plain danger" onClick={() => setAsked(invitation.id)}>
              Withdraw<span class="hidden"> the invitation for {invitation.name}</span>
            </button>
          </div>
          {asked === invitation.id && (
            <Confirm
              question={`Withdraw the invitation for ${invitation.name}? Their link stops working.`}
              yes="Withdraw"
              onYes={() => withdraw(home, camId, invitation)}
              onDone={() => setAsked(undefined)}
            />
          )}
        </li>
      ))}
    </ul>
  )
}
