import { formatKit, newRootSeed, seedToWords } from '@ownsight/protocol/recovery'
import { useEffect, useMemo, useState } from 'preact/hooks'
import { page } from '../app-state.ts'
import type { Home } from '../home.ts'
import { createOwner } from '../pair.ts'
import { Fault } from './fault.tsx'
import { Qr } from './qr.tsx'

/** The recovery kit: show, download, check two words. Until that is done no owner exists and nothing is paired. */
export function Kit({ home, after }: { home: Home; after: 'pair' | 'cameras' }) {
  const [seed, setSeed] = useState<Uint8Array<ArrayBuffer>>()
  const [checking, setChecking] = useState(false)
  useEffect(() => {
    void home.keystore.pendingSeed().then(pending => setSeed(pending ?? newRootSeed()))
  }, [home])
  const words = useMemo(() => (seed ? seedToWords(seed) : []), [seed])
  if (!seed) return <p class="quiet">One moment …</p>

  async function finish() {
    if (!seed) return
    if (!(await home.owner())) await createOwner(home, seed)
    await home.reloadList()
    await home.keystore.dropPendingSeed()
    home.kitPending.value = false
    page.value = { name: after }
  }
  return (
    <section class={checking ? 'card narrow' : 'card'}>
      <h1>Your recovery kit</h1>
      {checking ? (
        <Check words={words} onRight={finish} onBack={() => setChecking(false)} />
      ) : (
        <>
          <p>
            These 24 words are the only way back to your cameras if you lose every device. Nobody else has
            them, and nobody can send them to you again. Write them down, or keep the file where only you can
            reach it.
          </p>
          <ol class="words" data-testid="kit-words">
            {words.map((word, i) => (
              <li key={i}>{word}</li>
            ))}
          </ol>
          <details>
            <summary>Show it as a QR code, to print or to scan</summary>
            <div class="qr">
              <Qr
                text={formatKit(
                  seed,
                  home.roster.value.map(camera => camera.camId),
                )}
                label="Recovery kit"
              />
            </div>
          </details>
          <div class="actions">
            <button type="button" class="secondary" onClick={() => download(home, seed, words)}>
              Download as a file
            </button>
            <button type="button" onClick={() => setChecking(true)}>
              I have kept it
            </button>
          </div>
        </>
      )}
    </section>
  )
}

function Check({
  words,
  onRight,
  onBack,
}: {
  words: string[]
  onRight: () => Promise<void>
  onBack: () => void
}) {
  const [places] = useState(() => pickTwo(words.length))
  const [fault, setFault] = useState<string>()
  function submit(event: SubmitEvent) {
    event.preventDefault()
    const form = new FormData(event.target as HTMLFormElement)
    const right = places.every(
      place =>
        String(form.get(`word-${place}`))
          .trim()
          .toLowerCase() === words[place],
    )
    if (right) void onRight()
    else setFault('These are not the words at these places. Look them up in your kit.')
  }
  return (
    <form onSubmit={submit}>
      <p>To be sure it can be read, type two of the words.</p>
      {places.map(place => (
        <label key={place}>
          Word {place + 1}
          <input name={`word-${place}`} required autocomplete="off" autocapitalize="off" spellcheck={false} />
        </label>
      ))}
      <Fault sentence={fault} />
      <div class="actions">
        <button type="button" class="secondary" onClick={onBack}>
          Show the words again
        </button>
        <button type="submit">Done</button>
      </div>
    </form>
  )
}

function pickTwo(count: number): number[] {
  const first = Math.floor((crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) % count)
  const second =
    (first + 1 + Math.floor((crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) % (count - 1))) % count
  return [first, second].sort((a, b) => a - b)
}

function download(home: Home, seed: Uint8Array<ArrayBuffer>, words: string[]): void {
  const lines = words.map((word, i) => `${String(i + 1).padStart(2)}  ${word}`)
  const camIds = home.roster.value.map(camera => camera.camId)
  const text = [
    'Ownsight recovery kit',
    'Keep it where only you can reach it. It opens your cameras.',
    '',
    ...lines,
    '',
    formatKit(seed, camIds),
    '',
  ]
  const url = URL.createObjectURL(new Blob([text.join('\n')], { type: 'text/plain' }))
  const link = Object.assign(document.createElement('a'), {
    href: url,
    download: 'ownsight-recovery-kit.txt',
  })
  link.click()
  URL.revokeObjectURL(url)
}
