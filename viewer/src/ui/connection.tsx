import { useEffect, useState } from 'preact/hooks'
import { page } from '../app-state.ts'
import { type Findings, testConnection, verdictOf } from '../connection-test.ts'
import type { Home } from '../home.ts'

/** Why a picture may not come: what this device's network lets through, in one sentence and in its parts. */
export function ConnectionTest({ home }: { home: Home }) {
  const [round, setRound] = useState(0)
  const [step, setStep] = useState<string | undefined>('Asking the server')
  const [found, setFound] = useState<Findings | undefined>()
  useEffect(() => {
    let over = false
    setFound(undefined)
    testConnection(home, next => over || setStep(next)).then(
      findings => {
        if (over) return
        setFound(findings)
        setStep(undefined)
      },
      () => over || setStep(undefined),
    )
    return () => {
      over = true
    }
  }, [home, round])
  const verdict = found && verdictOf(found)
  return (
    <div class="stack">
      <div class="row">
        <button type="button" class="plain" onClick={() => (page.value = { name: 'cameras' })}>
          ← Cameras
        </button>
      </div>
      <header>
        <h1>Test my connection</h1>
        <p class="quiet">What this device’s network lets through. No camera is asked, nothing is shown.</p>
      </header>
      <section class="card" aria-live="polite" aria-busy={step !== undefined} data-testid="connection-test">
        {step && <p class="quiet">{step} …</p>}
        {verdict && (
          <p data-testid="verdict" data-code={verdict.code}>
            <strong>{verdict.sentence}</strong>
          </p>
        )}
        {found?.signaling !== undefined && <Parts found={found} />}
      </section>
      <button type="button" disabled={step !== undefined} onClick={() => setRound(round + 1)}>
        Test again
      </button>
      <HiddenAddress home={home} />
    </div>
  )
}

const ROUTERS = {
  one: 'one port for all: direct ways are open',
  each: 'a port for each: relayed where the camera’s router is strict too',
  unknown: 'not known without UDP',
}

function Parts({ found }: { found: Findings }) {
  const rows: [string, boolean, string][] = [
    [
      'Signaling server',
      found.signaling !== undefined,
      found.signaling === undefined ? 'no answer' : `answered in ${found.signaling} ms`,
    ],
    ['Public address over UDP', found.public, found.public ? 'seen' : 'none was seen'],
    ['Router', found.mapping === 'one', ROUTERS[found.mapping ?? 'unknown']],
    [
      'Relay',
      found.relay.length > 0,
      found.relay.length > 0
        ? found.relay.map(way => way.toUpperCase()).join(', ')
        : found.lent
          ? 'not reached'
          : 'none offered',
    ],
  ]
  return (
    <dl class="parts">
      {rows.map(([name, good, text]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            <span aria-hidden="true">{good ? '✓' : '–'}</span> {text}
          </dd>
        </div>
      ))}
    </dl>
  )
}

function HiddenAddress({ home }: { home: Home }) {
  const { hidden } = home.relays
  return (
    <section class="card">
      <div class="switch-row">
        <div>
          <h2 id="hidden-address">Hide my address</h2>
          <p class="quiet">
            {hidden.value
              ? 'Cameras see the relay’s address in place of this device’s. Pictures come a little later.'
              : 'Cameras see this device’s address, as any site you open does. The shortest way is used.'}
          </p>
        </div>
        <button
          type="button"
          role="switch"
          aria-checked={hidden.value}
          aria-labelledby="hidden-address"
          class="switch"
          onClick={() => home.relays.hide(!hidden.value)}
        >
          <span aria-hidden="true" />
        </button>
      </div>
    </section>
  )
}
