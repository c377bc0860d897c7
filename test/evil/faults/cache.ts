import type { HttpResponse } from '../http-front.ts'
import type { Fault } from '../world.ts'
import { exchangeResponses } from './exchange.ts'

/** HTTP mixed up: by a cache that looks at the address only, by a cookie jar, or by a pool of connections. */

export const cacheByUrl = (): Fault => {
  const store = new Map<string, HttpResponse>()
  return {
    what: 'every GET is stored by its address alone and served to everybody',
    lasting: true,
    request({ method, url }) {
      const stored = method === 'GET' ? store.get(url) : undefined
      return stored && { response: stored }
    },
    response(response, { method, url }) {
      if (method !== 'GET' || response.status !== 200) return undefined
      store.set(url, response)
      return response
    },
  }
}

export const foreignCookie = (): Fault => {
  const seen = new Set<string>()
  return {
    what: "a request is served as another account's",
    lasting: true,
    request(request, world) {
      const { cookie } = request.headers
      if (!cookie) return undefined
      seen.add(cookie)
      const other = world.pick([...seen].filter(each => each !== cookie))
      return other ? { request: { ...request, headers: { ...request.headers, cookie: other } } } : undefined
    },
  }
}

export const swapResponses = (): Fault => ({
  what: 'the response to somebody else’s request for the same address',
  lasting: true,
  response: exchangeResponses(({ method, url }) => method === 'GET' && url.startsWith('/api/')),
})

export const logInAsAnother = (): Fault => {
  let before: HttpResponse | undefined
  return {
    what: 'who signs in is handed the answer and the session of whoever signed in before',
    lasting: true,
    response(response, { method, url }) {
      if (method !== 'POST' || !/^\/api\/sign-(in|up)$/.test(url) || response.status >= 300) return undefined
      const given = before
      before = response
      return given
    },
  }
}
