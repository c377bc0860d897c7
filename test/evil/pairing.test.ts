import assert from 'node:assert/strict'
import { seal } from '@ownsight/protocol/envelope'
import type { PairMessage } from '@ownsight/protocol/events'
import { formatPairingCode, newPairingSecret, parsePairingCode } from '@ownsight/protocol/pairing'
import { beginOwnerPairing } from '@ownsight/protocol/pairing-owner'
import { isEvent, isServing, startAgent, type TestAgent } from '../support/agent.ts'
import { createOwner, type Owner, pairCamera } from '../support/owner.ts'
import { until } from '../support/wait.ts'
import { type EvilServer, startEvilServer } from './evil-server.ts'
import { signedByAnother } from './forgeries.ts'
import type { Packet } from './link.ts'
import { claimsOf } from './wire.ts'

const isPair = ({ event }: Packet): boolean => event === 'pair'

describe('evil: a pairing with the server in the middle', function () {
  this.timeout(120_000)
  let evil: EvilServer
  let ada: Owner
  let eve: Owner
  let agent: TestAgent
  before(async () => {
    evil = await startEvilServer()
    ada = await createOwner(evil.origin, { token: evil.setupToken }, 'ada')
    const { body } = await ada.request('POST', '/api/invitations', {})
    const { invitation } = body as { invitation: string }
    eve = await createOwner(evil.origin, { invitation }, 'eve')
  })
  beforeEach(() => {
    agent = startAgent({ server: evil.origin })
  })
  afterEach(async () => {
    evil.hooks.packet = undefined
    await agent.dispose()
  })
  after(async () => {
    ada?.close()
    eve?.close()
    await evil?.close()
  })

  const begin = async (owner: Owner, code: string) =>
    beginOwnerPairing(parsePairingCode(code), { ...owner, root: owner.root.publicKey })
  const send = async (owner: Owner, rid: string, msg: PairMessage) =>
    (await owner.socket.timeout(20_000).emitWithAck('pair', { rid, msg })) as {
      msg?: PairMessage
      refused?: string
      hint?: string
    }
  const isPaired = () => agent.reports.some(isEvent('paired'))
  /** Whatever was tried, the camera is nobody's, and its owner pairs it all the same. */
  const pairsAfterAll = async (owner = ada) => {
    evil.hooks.packet = undefined
    assert.equal(isPaired(), false)
    await pairCamera(owner, await agent.code())
    await agent.report(isServing)
  }

  /** From now on every pairing message on its way to the camera is another's, under the old MAC. */
  const forgeDeliveries = (): void => {
    evil.hooks.packet = packet => {
      if (!isPair(packet) || packet.direction !== 'down' || packet.is !== 'event') return undefined
      const { msg } = packet.body as { msg: PairMessage }
      void signedByAnother(msg.e).then(e =>
        evil.world.deliver({ ...packet, body: { ...(packet.body as object), msg: { ...msg, e } } }),
      )
      return []
    }
  }

  it('attack 28: with keys replaced in message 1 or 3 nothing is paired, and the true ones still pair', async () => {
    const pairing = await begin(ada, await agent.code())
    forgeDeliveries()
    assert.ok((await send(ada, pairing.rid, pairing.first)).refused)
    evil.hooks.packet = undefined
    const second = await send(ada, pairing.rid, pairing.first)
    assert.ok(second.msg)
    const third = await pairing.onSecond(second.msg)
    forgeDeliveries()
    assert.ok((await send(ada, pairing.rid, third)).refused)
    assert.equal(isPaired(), false)
    evil.hooks.packet = undefined
    const fourth = await send(ada, pairing.rid, third)
    assert.ok(fourth.msg)
    await pairing.onFourth(fourth.msg)
    await agent.report(isServing)
  })

  it('attack 28: a camera of the server’s own in message 2 or 4 is not pinned', async () => {
    evil.hooks.packet = packet => {
      if (!isPair(packet) || packet.direction !== 'down' || packet.is !== 'reply') return undefined
      const { msg } = packet.body as { msg: PairMessage }
      void signedByAnother(msg.e).then(e => evil.world.deliver({ ...packet, body: { msg: { ...msg, e } } }))
      return []
    }
    await assert.rejects(pairCamera(ada, await agent.code()), { name: 'ProtocolFault' })
    evil.hooks.packet = undefined
    assert.equal(isPaired(), false)
  })

  it('attack 28: message 1 reflected as 2 is refused by the owner', async () => {
    evil.hooks.packet = packet =>
      isPair(packet) && packet.direction === 'up' && packet.is === 'event'
        ? [
            {
              ...packet,
              direction: 'down',
              is: 'reply',
              body: { msg: (packet.body as { msg: PairMessage }).msg },
            },
          ]
        : undefined
    await assert.rejects(pairCamera(ada, await agent.code()), { name: 'ProtocolFault' })
    await pairsAfterAll()
  })

  it('attack 28: message 4 lost, the camera is paired once and says the same again', async () => {
    const pairing = await begin(ada, await agent.code())
    const second = await send(ada, pairing.rid, pairing.first)
    assert.ok(second.msg)
    const third = await pairing.onSecond(second.msg)
    let lost: unknown
    evil.hooks.packet = packet => {
      if (!isPair(packet) || packet.direction !== 'up' || packet.is !== 'reply') return undefined
      lost = packet.body
      return [{ ...packet, body: { hint: 'no_reply' } }]
    }
    assert.equal((await send(ada, pairing.rid, third)).hint, 'no_reply')
    evil.hooks.packet = undefined
    const fourth = await send(ada, pairing.rid, third)
    assert.ok(fourth.msg)
    assert.deepEqual({ msg: fourth.msg }, lost)
    await pairing.onFourth(fourth.msg)
  })

  it('attack 28: messages of two pairings mixed by the server pair neither with the other', async () => {
    const other = startAgent({ server: evil.origin })
    try {
      const [mine, theirs] = [await begin(ada, await agent.code()), await begin(eve, await other.code())]
      // Each rendezvous is handed the other's first message, as if the server had taken one id for the other.
      for (const [owner, rid, msg] of [
        [ada, theirs.rid, mine.first],
        [eve, mine.rid, theirs.first],
      ] as const)
        assert.ok((await send(owner, rid, msg)).refused)
      assert.equal(isPaired(), false)
      assert.equal(other.reports.some(isEvent('paired')), false)
    } finally {
      await other.dispose()
    }
  })

  it('attack 29: whoever guesses, or knows the rendezvous without the code, burns it at most', async () => {
    const code = await agent.code()
    const { camId } = parsePairingCode(code)
    const { rid } = await begin(ada, code)
    const results = new Set<string>()
    for (let i = 0; i < 8; i++) {
      const guess = await begin(eve, formatPairingCode({ secret: newPairingSecret(), camId }))
      if (i === 0) assert.equal((await send(eve, guess.rid, guess.first)).hint, 'no_rendezvous')
      const { typ: _, ...payload } = claimsOf(guess.first.e) as { typ: string }
      // All of a right first message but its MAC, for which the code is needed.
      const e = await seal('os1-pair1', { ...payload, rid } as never, eve.admin.sign)
      const reply = await send(eve, rid, { e, m: guess.first.m })
      results.add(reply.refused ?? reply.hint ?? 'answered')
    }
    assert.ok(!results.has('answered'), [...results].join())
    assert.equal(isPaired(), false)
  })

  it('attack 30: a second owner with the photographed code: nobody is paired', async () => {
    const code = await agent.code()
    const [first, second] = [await begin(ada, code), await begin(eve, code)]
    const answer = await send(ada, first.rid, first.first)
    assert.ok(answer.msg)
    const race = await send(eve, second.rid, second.first)
    assert.equal(race.msg, undefined, 'the second gets nothing')
    const third = await send(ada, first.rid, await first.onSecond(answer.msg))
    assert.equal(third.msg, undefined, 'and so does the first')
    assert.equal(isPaired(), false)
  })

  it('attack 31: a paired camera refuses every pairing, by its old code too', async () => {
    const code = await agent.code()
    await pairCamera(ada, code)
    await agent.report(isEvent('paired'))
    const again = await begin(eve, code)
    const reply = await send(eve, again.rid, again.first)
    assert.ok(reply.refused ?? reply.hint)
    await agent.report(isServing)
    // The server asks it on the connection it serves viewers on: there is nobody to ask.
    let replied = false
    const link = await until(() => evil.world.camera(parsePairingCode(code).camId), {
      timeout: 20_000,
      what: 'the camera',
    })
    void link.ask('down', 'pair', { rid: again.rid, msg: again.first, ticket: 'A'.repeat(22) }).then(() => {
      replied = true
    })
    await link.ask('down', 'offer', { offer: 'a.b.c' })
    assert.equal(replied, false)
  })
})
