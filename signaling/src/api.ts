import { ROSTER_MAX_BYTES } from '@ownsight/protocol/limits'
import { id43, publicKey } from '@ownsight/protocol/messages'
import { VERSION } from '@ownsight/protocol/version'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import * as v from 'valibot'
import { resetPassword } from './account-reset.ts'
import { type Account, changePassword, invite, isSetUp, signIn, signInByToken, signUp } from './accounts.ts'
import { camerasOf } from './cameras.ts'
import { registerDevice } from './devices.ts'
import { acceptInvitation, forgetCamera, inviteGuest, reachedBy } from './guests.ts'
import { addressKey, clientAddress } from './origin-guard.ts'
import { PASSWORD_MAX_BYTES, PASSWORD_MIN } from './password-pool.ts'
import { type RateLimit, rateLimit } from './rate-limit.ts'
import { readRoster, writeRoster } from './rosters.ts'
import type { Runtime } from './runtime.ts'
import { closeSession, findSession, openSession, SESSION_S } from './sessions.ts'
import { ApiError } from './signaling-error.ts'

const name = v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(64), v.regex(/^[\p{L}\p{N} ._@+-]+$/u))
const password = v.pipe(v.string(), v.minLength(PASSWORD_MIN), v.maxBytes(PASSWORD_MAX_BYTES))
const givenPassword = v.pipe(v.string(), v.maxBytes(PASSWORD_MAX_BYTES))
const secret = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{20,64}$/))

const bodies = {
  signUp: v.union([
    v.strictObject({ token: secret, name, password }),
    v.strictObject({ invitation: secret, name, password }),
  ]),
  signIn: v.union([v.strictObject({ name, password: givenPassword }), v.strictObject({ token: secret })]),
  password: v.union([
    v.strictObject({ old: v.optional(givenPassword), new: password }),
    v.strictObject({ token: secret, password }),
  ]),
  guest: v.strictObject({
    cam: id43,
    until: v.nullable(v.pipe(v.number(), v.safeInteger(), v.minValue(1))),
  }),
  join: v.strictObject({ invitation: secret }),
  camera: v.strictObject({ cam: id43 }),
  device: v.strictObject({ auth: publicKey }),
  roster: v.strictObject({
    version: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
    sealed: v.pipe(v.string(), v.maxLength(ROSTER_MAX_BYTES), v.regex(/^[A-Za-z0-9_-]+$/)),
  }),
}

const WHAT: Record<string, string> = {
  password: `The password needs ${PASSWORD_MIN} to ${PASSWORD_MAX_BYTES} characters.`,
  new: `The new password needs ${PASSWORD_MIN} to ${PASSWORD_MAX_BYTES} characters.`,
  name: 'The name needs 1 to 64 letters or digits, and may hold . _ @ + - and spaces.',
}

function parse<S extends v.GenericSchema>(schema: S, body: unknown): v.InferOutput<S> {
  const parsed = v.safeParse(schema, body)
  if (parsed.success) return parsed.output
  const fields = parsed.issues.flatMap(issue => ('issues' in issue && issue.issues ? issue.issues : [issue]))
  const field = fields
    .map(issue => v.getDotPath(issue as v.BaseIssue<unknown>))
    .find(path => path && path in WHAT)
  const message = WHAT[field ?? ''] ?? 'This request is not one the server knows. Reload the page.'
  throw new ApiError(400, 'bad_form', message, field ? { field } : {})
}

/** The HTTP half: accounts, this browser's device key, the sealed roster. Everything is `no-store`. */
export function serveApi(app: FastifyInstance, runtime: Runtime): void {
  const { db, passwords } = runtime
  const perAddress = rateLimit({ burst: 60, perMinute: 30 })
  // Per household and name tight, per name alone wide: a stranger who guesses must not lock the owner out.
  const perGuesser = rateLimit({ burst: 10, perMinute: 1 })
  const perName = rateLimit({ burst: 60, perMinute: 4 })
  const reads = rateLimit({ burst: 200, perMinute: 600 })

  const limit = (bucket: RateLimit, key: string): void => {
    if (bucket.take(key)) return
    runtime.metrics.refused.inc({ reason: 'rate' })
    throw new ApiError(429, 'rate', 'Too many tries. Wait a little and try again.', {
      retryAfter: bucket.wait(key),
    })
  }
  const address = (request: FastifyRequest) =>
    addressKey(clientAddress(request.raw, runtime.config.behindProxy !== undefined))
  const cookie = (request: FastifyRequest) => request.cookies[runtime.cookieName()]
  const signedIn = async (request: FastifyRequest): Promise<Account> => {
    limit(reads, address(request))
    const account = await findSession(db, cookie(request))
    if (!account) throw new ApiError(401, 'not_signed_in', 'Sign in first.')
    return account
  }
  const welcome = async (request: FastifyRequest, reply: FastifyReply, account: Account, status: number) => {
    const before = cookie(request)
    if (before) await closeSession(db, before)
    const options = { httpOnly: true, sameSite: 'strict', path: '/', secure: runtime.config.secure } as const
    reply.setCookie(runtime.cookieName(), await openSession(db, account), { ...options, maxAge: SESSION_S })
    return reply.code(status).send({ account })
  }
  const timed = async <T>(method: string, work: () => Promise<T>): Promise<T> => {
    const end = runtime.metrics.authSeconds.startTimer({ method })
    try {
      return await work()
    } catch (error) {
      if (error instanceof ApiError) runtime.metrics.authFailures.inc({ reason: error.code })
      throw error
    } finally {
      end()
    }
  }

  app.get('/api/state', async request => {
    limit(reads, address(request))
    const account = await findSession(db, cookie(request))
    return { setup: !(await isSetUp(db)), account: account ?? null, build: VERSION }
  })
  app.post('/api/sign-up', async (request, reply) => {
    limit(perAddress, address(request))
    const body = parse(bodies.signUp, request.body)
    return welcome(request, reply, await timed('sign-up', () => signUp(db, passwords, body)), 201)
  })
  app.post('/api/sign-in', async (request, reply) => {
    limit(perAddress, address(request))
    const body = parse(bodies.signIn, request.body)
    if ('token' in body)
      return welcome(request, reply, await timed('token', () => signInByToken(db, body.token)), 200)
    const name = body.name.toLowerCase()
    limit(perGuesser, `${address(request)} ${name}`)
    limit(perName, name)
    return welcome(
      request,
      reply,
      await timed('password', () => signIn(db, passwords, body.name, body.password)),
      200,
    )
  })
  app.post('/api/sign-out', async (request, reply) => {
    const session = cookie(request)
    if (session) await closeSession(db, session)
    return reply
      .clearCookie(runtime.cookieName(), { path: '/', secure: runtime.config.secure })
      .code(204)
      .send()
  })
  app.post('/api/password', async (request, reply) => {
    limit(perAddress, address(request))
    const body = parse(bodies.password, request.body)
    if ('token' in body) {
      const forgetful = await timed('reset', () => resetPassword(db, passwords, body))
      runtime.presence.dropViewers(forgetful.id)
      return welcome(request, reply, forgetful, 200)
    }
    const account = await signedIn(request)
    limit(perGuesser, account.id)
    await timed('password', () => changePassword(db, passwords, account, body.old, body.new))
    return welcome(request, reply, account, 200)
  })
  app.post('/api/devices', async (request, reply) => {
    const account = await signedIn(request)
    await registerDevice(db, account, parse(bodies.device, request.body).auth)
    return reply.code(201).send({})
  })
  app.post('/api/invitations', async (request, reply) => {
    await signedIn(request)
    limit(perAddress, address(request))
    return reply.code(201).send(await invite(db))
  })
  app.post('/api/guest-invitations', async (request, reply) => {
    const account = await signedIn(request)
    limit(perAddress, address(request))
    return reply.code(201).send(await inviteGuest(db, account, parse(bodies.guest, request.body)))
  })
  app.post('/api/join', async request => {
    const account = await signedIn(request)
    limit(perAddress, address(request))
    const cam = await acceptInvitation(db, account, parse(bodies.join, request.body).invitation)
    runtime.presence.follow(cam, account.id)
    return { cam }
  })
  app.get('/api/cameras', async request => {
    const account = await signedIn(request)
    const cams = [...(await camerasOf(db, account.id)), ...(await reachedBy(db, account.id))]
    return cams.map(cam => runtime.presence.read(cam))
  })
  app.delete('/api/cameras/:cam', async (request, reply) => {
    const account = await signedIn(request)
    const { cam } = parse(bodies.camera, request.params)
    const gone = await forgetCamera(db, account, cam)
    runtime.presence.unfollow(cam, account.id)
    if (gone === 'unbound') runtime.presence.camera(cam)?.disconnect(true)
    return reply.code(204).send()
  })
  app.get('/api/roster', async request => readRoster(db, await signedIn(request)))
  app.put('/api/roster', async (request, reply) => {
    const account = await signedIn(request)
    const { version, sealed } = parse(bodies.roster, request.body)
    await writeRoster(db, account, version, sealed)
    return reply.code(204).send()
  })
}
