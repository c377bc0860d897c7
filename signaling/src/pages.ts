import { existsSync } from 'node:fs'
import { join } from 'node:path'
import fastifyStatic from '@fastify/static'
import type { FastifyInstance } from 'fastify'

/** Headers of every response. Scripts come from here alone; nothing may frame, embed or rewrite a page. */
export function securityHeaders(origin: string, secure: boolean): Record<string, string> {
  const socket = origin.replace(/^http/, 'ws')
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data: blob:",
    "media-src 'self' blob: mediastream:",
    `connect-src 'self' ${socket}`,
    "manifest-src 'self'",
    "worker-src 'self'",
    "font-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    'trusted-types default',
  ]
  return {
    'content-security-policy': policy.join('; '),
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'permissions-policy': 'camera=(self), microphone=(self), geolocation=(), payment=(), usb=()',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    ...(secure ? { 'strict-transport-security': 'max-age=31536000' } : {}),
  }
}

/** The built viewer: hashed assets may be kept, the page itself never. */
export function servePages(app: FastifyInstance, folder: string): void {
  if (!existsSync(join(folder, 'index.html'))) {
    app.get('/', (_request, reply) =>
      reply
        .code(503)
        .header('cache-control', 'no-store')
        .send('The viewer is not built yet: npm run build\n'),
    )
    return
  }
  app.register(fastifyStatic, {
    root: folder,
    cacheControl: false,
    etag: false,
    lastModified: false,
    setHeaders: (response, path) => {
      const hashed = /[/\\]assets[/\\][^/\\]+-[\w-]{8,}\.\w+$/.test(path)
      response.header('cache-control', hashed ? 'public, max-age=31536000, immutable' : 'no-store')
    },
  })
}
