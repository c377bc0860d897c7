import { useEffect, useState } from 'preact/hooks'
import { page } from '../app-state.ts'
import { sentenceFor, WatchFault } from '../failures.ts'
import type { Home } from '../home.ts'
import { SeenFault, takeNote } from '../seen.ts'
import type { SeenDay, SeenItem } from '../seen-story.ts'
import { type Visit, visitLog } from '../seen-visit.ts'
import { Fault } from './fault.tsx'

/** Who saw this camera, by the camera's own log. */
export function Seen({ home, camId }: { home: Home; camId: string }) {
  const camera = home.roster.value.find(entry => entry.camId === camId)
  const [round, setRound] = useState(0)
  const [visit, setVisit] = useState<Visit>()
  const [fault, setFault] = useState<string>()
  useEffect(() => {
    if (!camera) return
    const ended = new AbortController()
    setFault(undefined)
    visitLog(home, camera, ended.signal).then(
      found => {
        if (!ended.signal.aborted) setVisit(found)
      },
      error => {
        if (!ended.signal.aborted) setFault(sentence(error))
      },
    )
    return () => ended.abort()
  }, [home, camera?.camId, round])
  if (!camera) return <Fault sentence="This camera is not in your list." />
  return (
    <div class="stack">
      <div class="row">
        <button type="button" class="plain" onClick={() => (page.value = { name: 'camera', camId })}>
          ← Settings
        </button>
        <button type="button" class="secondary" onClick={() => setRound(round + 1)}>
          Look again
        </button>
      </div>
      <header>
        <h1 class="camera-name">Who saw {camera.name}</h1>
        <p class="quiet">
          Written and signed by the camera itself, and kept for 90 days. This device checks that nothing it
          saw before is missing.
        </p>
      </header>
      <Alarm home={home} camId={camId} visit={visit} />
      <Fault sentence={fault} />
      {!visit && !fault && (
        <p class="quiet" role="status">
          Asking the camera …
        </p>
      )}
      {visit && <Days days={visit.days} />}
      {visit && !visit.log.alarm && !home.alarms.value[camId] && (
        <p class="quiet" data-testid="log-whole" role="status">
          {visit.isFirst
            ? `The log fits together: ${visit.log.head.i} entries. From now on this device notices what is changed.`
            : `The log is whole: ${visit.log.head.i} entries, none changed since this device looked last.`}
        </p>
      )}
    </div>
  )
}

function sentence(error: unknown): string {
  if (error instanceof WatchFault && error.code === 'private')
    return 'The camera is private now and lets nobody in, so its log cannot be read. Turn it on first.'
  if (error instanceof SeenFault)
    return error.code === 'foreign_answer'
      ? 'What came is not signed by this camera, and was not believed.'
      : 'The camera did not show its log. Only devices that decide about it may read it.'
  return error instanceof WatchFault ? sentenceFor(error.code) : 'The log could not be read. Try again.'
}

const ALARMS: { [kind: string]: string } = {
  shorter: 'Entries that this device has seen are gone from the end of the camera’s log.',
  rewritten: 'The camera’s log was rewritten: entries are not what they were, or do not fit together.',
  cut: 'Entries that this device has seen are gone from the beginning of the log, long before their time.',
}

/** Stays until the owner says that they have read it. */
function Alarm({ home, camId, visit }: { home: Home; camId: string; visit: Visit | undefined }) {
  const kind = home.alarms.value[camId]
  if (!kind) return null
  async function read() {
    if (!visit) return
    await takeNote(home.keystore, camId, visit.log.head)
    home.alarms.value = await home.keystore.marks('alarms')
  }
  return (
    <section class="card alarm" role="alert" data-testid="alarm">
      <h2>Do not rely on this log</h2>
      <p>{ALARMS[kind] ?? 'The camera’s log was tampered with.'}</p>
      <p>
        A camera does not do this by itself. Its memory was put back to an older state, or somebody who can
        reach the machine it runs on has changed it. Who watched in the time that is missing cannot be said.
      </p>
      <div class="actions">
        <button type="button" class="secondary" disabled={!visit} onClick={() => void read()}>
          I have read this
        </button>
      </div>
    </section>
  )
}

function Days({ days }: { days: readonly SeenDay[] }) {
  if (days.length === 0) return <p>Nobody has watched yet.</p>
  return (
    <>
      {days.map(({ day, items }) => (
        <section key={day} class="card" aria-label={day}>
          <h2>{day}</h2>
          <ul class="people">
            {items.map((item, i) => (
              <Item key={i} item={item} />
            ))}
          </ul>
        </section>
      ))}
    </>
  )
}

const clock = new Intl.DateTimeFormat('en', { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })

function Item({ item }: { item: SeenItem }) {
  const [from, to] = [clock.format(item.from), clock.format(item.to)]
  return (
    <li data-testid="seen-item" data-kind={item.kind}>
      <div class="seen">
        <span class="quiet">{from === to ? from : `${from} – ${to}`}</span>
        <span class={item.alert ? 'fault' : item.kind === 'watched' ? 'strong' : ''}>{item.text}</span>
      </div>
    </li>
  )
}
