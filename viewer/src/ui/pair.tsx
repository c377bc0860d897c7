import { newRootSeed } from '@ownsight/protocol/recovery'
import { useEffect, useState } from 'preact/hooks'
import { page, startPairing } from '../app-state.ts'
import type { Home } from '../home.ts'
import { createOwner, PairFault, pairCamera } from '../pair.ts'
import { Fault } from './fault.tsx'
import { Scan } from './scan.tsx'

export function Pair({ home }: { home: Home }) {
  const link = startPairing.value
  const [code, setCode] = useState('')
  const [name, setName] = useState('')
  const [scanning, setScanning] = useState(false)
  const [busy, setBusy] = useState(link !== undefined)
  const [fault, setFault] = useState<string>()
  const [paired, setPaired] = useState<{ camId: string; phrase: string }>()
  const [ready, setReady] = useState(link !== undefined)

  async function pair(pairingCode: string, cameraName: string, postponeKit: boolean) {
    setBusy(true)
    setFault(undefined)
    try {
      if (!(await home.owner())) {
        if (!postponeKit) {
          page.value = { name: 'kit', after: 'pair' }
          return
        }
        const seed = newRootSeed()
        await home.keystore.savePendingSeed(seed)
        await createOwner(home, seed)
        home.kitPending.value = true
      }
      const camera = await pairCamera(home, pairingCode, cameraName)
      if (postponeKit) page.value = { name: 'live', camId: camera.camId }
      else setPaired(camera)
    } catch (error) {
      setFault(error instanceof PairFault ? error.message : 'Pairing did not work. Try again.')
    } finally {
      setBusy(false)
      startPairing.value = undefined
    }
  }
  useEffect(() => {
    if (link) void pair(link.code, link.name, true)
    else
      void home.owner().then(owner => {
        if (!owner && !home.rosterFault.value) page.value = { name: 'kit', after: 'pair' }
        else setReady(true)
      })
  }, [])

  if (busy && link) return <p class="quiet">Pairing the camera …</p>
  if (!ready) return <p class="quiet">One moment …</p>
  if (paired)
    return (
      <section class="card narrow">
        <h1>{name} is paired</h1>
        <p>The camera shows the same four words. If it shows others, reset it.</p>
        <p class="phrase" data-testid="phrase">
          {paired.phrase}
        </p>
        <button type="button" onClick={() => (page.value = { name: 'live', camId: paired.camId })}>
          Watch
        </button>
      </section>
    )
  return (
    <section class="card narrow">
      <h1>Add a camera</h1>
      <p>The camera agent shows a code, as a QR and as text. It is good for ten minutes, once.</p>
      {scanning ? (
        <Scan
          onCode={found => {
            setCode(found)
            setScanning(false)
          }}
          onCancel={() => setScanning(false)}
        />
      ) : (
        <button type="button" class="secondary" onClick={() => setScanning(true)}>
          Scan with this device's camera
        </button>
      )}
      <form
        onSubmit={event => {
          event.preventDefault()
          void pair(code, name.trim(), false)
        }}
      >
        <label>
          Code
          <input
            data-testid="pairing-code"
            value={code}
            onInput={event => setCode(event.currentTarget.value)}
            required
            placeholder="os1:…"
            autocomplete="off"
            autocapitalize="off"
            spellcheck={false}
          />
        </label>
        <label>
          Name of the camera
          <input
            data-testid="camera-name"
            value={name}
            onInput={event => setName(event.currentTarget.value)}
            required
            maxLength={64}
            placeholder="Front door"
            autocomplete="off"
          />
        </label>
        <Fault sentence={fault} />
        <div class="actions">
          <button type="button" class="secondary" onClick={() => (page.value = { name: 'cameras' })}>
            Cancel
          </button>
          <button type="submit" disabled={busy}>
            {busy ? 'Pairing …' : 'Pair'}
          </button>
        </div>
      </form>
    </section>
  )
}
