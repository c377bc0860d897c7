import { takeLink } from './fragment.ts'

// First of all: a link's secrets leave the address bar before any other module runs.
const link = takeLink()

const [{ render }, { App }, { followOtherTabs, start }] = await Promise.all([
  import('preact'),
  import('./ui/app.tsx'),
  import('./app-state.ts'),
])
await import('./styles.css')

const root = document.getElementById('app')
if (root) render(<App />, root)
followOtherTabs()
// A page that comes back from the back/forward cache starts from nothing.
addEventListener('pageshow', event => {
  if (event.persisted) location.reload()
})
// A link opened in a tab where Ownsight is open already changes nothing but the fragment.
addEventListener('hashchange', () => {
  const opened = takeLink()
  if (opened) void start(opened)
})
await start(link)
