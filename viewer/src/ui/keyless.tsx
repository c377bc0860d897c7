import { useState } from 'preact/hooks'
import { page } from '../app-state.ts'
import type { Home } from '../home.ts'
import { Confirm } from './people.tsx'

/** For an account whose cameras this browser has no keys for: the ways there are, and no others. */
export function Keyless({ home }: { home: Home }) {
  const [asking, setAsking] = useState(false)
  return (
    <section class="card narrow" data-testid="keyless">
      <h2>This browser holds no keys for your cameras</h2>
      <p>
        Signing in is not enough: the keys are in the browsers you used before, and the server does not have
        them.
      </p>
      <div class="ways">
        <button type="button" onClick={() => (page.value = { name: 'join' })}>
          Add this browser from another of my devices
        </button>
        <button type="button" class="secondary" onClick={() => (page.value = { name: 'recover' })}>
          Use my recovery kit
        </button>
      </div>
      <details data-testid="neither">
        <summary>I have neither</summary>
        <p>
          Then nobody can give these cameras back to you from afar: not whoever runs this server, and not the
          makers of Ownsight. That is what keeps others out too.
        </p>
        <p>
          What helps is the reset button on each camera, or <code>ownsight-camera --reset</code> on the
          machine it runs on. The camera then forgets everyone, shows a new code, and you pair it here as a
          new one.
        </p>
        {asking ? (
          <Confirm
            question="Start over? The old list of cameras and names is thrown away, for all your devices."
            yes="Start over"
            onYes={async () => {
              await home.forgetList()
              page.value = { name: 'kit', after: 'pair' }
            }}
            onDone={() => setAsking(false)}
          />
        ) : (
          <button type="button" class="secondary" onClick={() => setAsking(true)}>
            I have reset them: start over
          </button>
        )}
      </details>
    </section>
  )
}
