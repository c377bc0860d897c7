import { useState } from 'preact/hooks'
import { page } from '../app-state.ts'
import { Fault } from './fault.tsx'
import { KitWords } from './kit-words.tsx'
import { Scan } from './scan.tsx'

type Way = 'line' | 'scan' | 'words'

/** The kit as its owner has it: a file, a line of text, a QR, or words on paper. */
export function KitEntry({ fault, onKit }: { fault: string | undefined; onKit: (kit: string) => void }) {
  const [way, setWay] = useState<Way>('line')
  return (
    <section class="card narrow">
      <h1>Use your recovery kit</h1>
      <p>
        The kit makes this device the one that decides about your cameras. It is used in this page only, and
        neither sent to the server nor kept.
      </p>
      {way === 'line' && <KitLine onKit={onKit} />}
      {way === 'scan' && <Scan starts="os1-kit:" onCode={onKit} onCancel={() => setWay('line')} />}
      {way === 'words' && <KitWords onWords={onKit} />}
      <Fault sentence={fault} />
      <div class="links">
        {way !== 'line' && (
          <button type="button" class="plain" onClick={() => setWay('line')}>
            I have the file
          </button>
        )}
        {way !== 'words' && (
          <button type="button" class="plain" onClick={() => setWay('words')}>
            Type the 24 words
          </button>
        )}
        {way !== 'scan' && (
          <button type="button" class="plain" onClick={() => setWay('scan')}>
            Scan its QR code
          </button>
        )}
        <button type="button" class="plain" onClick={() => (page.value = { name: 'cameras' })}>
          Cancel
        </button>
      </div>
    </section>
  )
}

function KitLine({ onKit }: { onKit: (kit: string) => void }) {
  const [line, setLine] = useState('')
  return (
    <form
      onSubmit={event => {
        event.preventDefault()
        onKit(line)
      }}
    >
      <label>
        The kit's file
        <input
          type="file"
          accept=".txt,text/plain"
          data-testid="kit-file"
          onChange={event => {
            const file = event.currentTarget.files?.[0]
            // A kit is a page of text; what is larger is something else.
            if (file && file.size < 64 * 1024) void file.text().then(onKit)
          }}
        />
      </label>
      <label>
        Or its last line
        <textarea
          data-testid="kit-line"
          rows={3}
          value={line}
          placeholder="os1-kit:…"
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          onInput={event => setLine(event.currentTarget.value)}
        />
      </label>
      <div class="actions">
        <button type="submit" disabled={line.trim() === ''}>
          Open the kit
        </button>
      </div>
    </form>
  )
}
