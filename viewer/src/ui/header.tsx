import { home, page, signOut } from '../app-state.ts'

export function Header() {
  const account = home.value
  const connection = account?.connection.value
  const refused = typeof connection === 'object' ? connection.refused : undefined
  return (
    <header class="top">
      <a
        class="brand"
        href="/"
        aria-label="Ownsight: cameras"
        onClick={event => {
          event.preventDefault()
          if (account) page.value = { name: 'cameras' }
        }}
      >
        <img src="/icon.svg" alt="" width="28" height="28" /> Ownsight
      </a>
      {account && (
        <button type="button" class="plain" onClick={() => void signOut()}>
          Sign out
        </button>
      )}
      <div aria-live="polite" class="banner-place">
        {account && connection !== 'online' && connection !== 'connecting' && (
          <p class="banner" data-testid="banner">
            {refused ?? 'The signaling server cannot be reached. What you watch goes on; trying again.'}
          </p>
        )}
      </div>
    </header>
  )
}
