import type { Signal } from '@preact/signals'
import { useEffect, useState } from 'preact/hooks'
import { page } from '../app-state.ts'
import type { Home } from '../home.ts'
import { type DeviceOffer, JoinFault, offerToDevice } from '../join.ts'
import { momentOf } from '../when.ts'
import { Fault } from './fault.tsx'
import { Qr } from './qr.tsx'

/** The first device's half: a code to be read by the new one, used once. */
export function AddDevice({ home }: { home: Home }) {
  const [round, setRound] = useState(0)
  const [offer, setOffer] = useState<Signal<DeviceOffer>>()
  const [fault, setFault] = useState<string>()
  useEffect(() => {
    const ended = new AbortController()
    setOffer(undefined)
    offerToDevice(home, ended.signal).then(
      made => {
        if (!ended.signal.aborted) setOffer(made)
      },
      error => setFault(error instanceof JoinFault ? error.message : 'No code could be made. Try again.'),
    )
    return () => ended.abort()
  }, [home, round])
  return (
    <section class="card narrow">
      <h1>Add another of my devices</h1>
      <Fault sentence={fault} />
      {offer && <Offered offer={offer.value} onAgain={() => setRound(round + 1)} />}
      <div class="links">
        <button type="button" class="plain" onClick={() => (page.value = { name: 'devices' })}>
          ← My devices
        </button>
      </div>
    </section>
  )
}

function Offered({ offer, onAgain }: { offer: DeviceOffer; onAgain: () => void }) {
  if (offer.state === 'waiting') return <Code offer={offer} />
  if (offer.state === 'over')
    return (
      <>
        <Fault sentence={offer.sentence} />
        <button type="button" onClick={onAgain}>
          New code
        </button>
      </>
    )
  return (
    <>
      <p role="status">The other device shows the same four words.</p>
      <p class="phrase" data-testid="phrase">
        {offer.phrase}
      </p>
      <p>If it shows others, or nothing, somebody else used the code: remove “New device” at once.</p>
      <div class="actions">
        <button type="button" onClick={() => (page.value = { name: 'devices' })}>
          They are the same
        </button>
      </div>
    </>
  )
}

function Code({ offer }: { offer: Extract<DeviceOffer, { state: 'waiting' }> }) {
  const [copied, setCopied] = useState(false)
  return (
    <>
      <p>
        On the other device, sign in to the same account and choose{' '}
        <strong>Add this browser from another of my devices</strong>. Then scan this, or paste the text.
      </p>
      <div class="qr">
        <Qr text={offer.code} label="Code for the other device" />
      </div>
      <input
        readOnly
        aria-label="Code for the other device"
        data-testid="device-code"
        value={offer.code}
        onFocus={event => event.currentTarget.select()}
      />
      <div class="actions spaced">
        <button
          type="button"
          class="secondary"
          onClick={() =>
            void navigator.clipboard?.writeText(offer.code).then(
              () => setCopied(true),
              () => undefined,
            )
          }
        >
          {copied ? 'Copied' : 'Copy'}
        </button>
      </div>
      <p class="quiet">
        Good once, until {momentOf(offer.until / 1000)}, while this page is open. Whoever reads it can become
        an owner of your cameras: show it to nobody.
      </p>
    </>
  )
}
