import { setTimeout as sleep } from 'node:timers/promises'
import { requests } from '@ownsight/protocol/events'
import { greet, prove } from '../../support/raw-device.ts'
import { frameHeader, type RawSocket, rawSocket } from '../../support/raw-socket.ts'
import { mutateText } from './chance.ts'
import { home, type Load, repeat, type Setting } from './load.ts'

const TEN_MB = Buffer.alloc(10_000_000, 0x41)
const id = 'A'.repeat(43)

/** One that proved itself, opened anew whenever the server has closed it. */
function lasting(setting: Setting) {
  let socket: RawSocket | undefined
  let opened = 0
  return async (): Promise<RawSocket | undefined> => {
    if (!socket || socket.isClosed())
      socket = await prove(setting.origin, home(opened++), 'viewer', setting.viewer)
    return socket
  }
}

/** Whole, in pieces, as binary, announced and never sent; before and after the proof. */
export const hugeMessages: Load = async setting => {
  const offer = Buffer.concat([Buffer.from(`42/viewer,1["offer",{"cam":"${id}","offer":"`), TEN_MB])
  const sent = await repeat(setting, setting.amounts.huge, 4, async i => {
    const socket =
      i % 2 > 0
        ? await prove(setting.origin, home(i), 'viewer', setting.viewer)
        : (await greet(setting.origin, home(i), 'viewer'))?.socket
    if (!socket) return
    const how = Math.floor(i / 2) % 4
    if (how === 0) await socket.frame(0x81, offer)
    if (how === 1) await socket.frame(0x82, TEN_MB)
    if (how === 2) await socket.frame(0x81, offer.subarray(0, 100), 2 ** 40)
    if (how === 3)
      for (let at = 0; at < TEN_MB.length && !socket.isClosed(); at += 50_000)
        await socket.frame(at === 0 ? 0x01 : 0x00, TEN_MB.subarray(at, at + 50_000))
    await Promise.race([socket.closed, sleep(1000)])
    socket.close()
  })
  return `${sent} messages of 10 MB`
}

const deep = (open: string, close: string): string => `${open.repeat(15_000)}0${close.repeat(15_000)}`

/** Packets of engine.io and socket.io that are none. */
export const MALFORMED: readonly string[] = [
  ...[
    '',
    '7',
    '4',
    '40',
    '40/',
    '40/viewer',
    '40/viewer,',
    '40/viewer,{',
    '40/viewer,[]',
    '40/camera,{}',
    '41',
    '41/viewer,',
  ],
  ...[
    '42',
    '42[]',
    '42/viewer,',
    '42/viewer,{}',
    '42/viewer,[',
    '42/viewer,[1]',
    '42/viewer,[null]',
    '42/viewer,[{}]',
  ],
  ...[
    '42/viewer,99999999999999999999["auth"]',
    '42/viewer,-1["auth",{}]',
    '42/viewer,1e9["auth",{}]',
    '43/viewer,0[]',
    '43/viewer,[]',
  ],
  ...[
    '44/viewer,{"message":"x"}',
    '45/viewer,1-["auth",{"_placeholder":true,"num":0}]',
    '451-["x",{"_placeholder":true,"num":9}]',
  ],
  ...[
    '459999999-[]',
    '46/viewer,1-[]',
    '45/viewer,0-["auth"]',
    '47',
    '5',
    '6',
    '1',
    '2probe',
    '3probe',
    '0',
    '\u0000',
    'b',
    'bAAAA',
  ],
  ...[
    '42/viewer,["__proto__"]',
    '42/viewer,["constructor",{}]',
    '42/viewer,["disconnect"]',
    '42/viewer,["connect_error"]',
  ],
  ...[
    '42/viewer,["error"]',
    '42/viewer,["newListener",1]',
    '40/__proto__,',
    '40/constructor,{}',
    `40/${'n'.repeat(5000)}`,
  ],
  `42/viewer,["auth",${deep('[', ']')}]`,
  `42/viewer,["auth",${deep('{"a":', '}')}]`,
  `42/viewer,["auth",${deep('[', '')}`,
  `42/viewer,["auth","${'\\u0000'.repeat(9000)}"]`,
  `42/viewer,[${'"auth",'.repeat(8000)}0]`,
]

/** Frames that RFC 6455 forbids: reserved bits and opcodes, long control frames, text that is not UTF-8, no mask. */
const FRAMES: readonly Buffer[] = [
  Buffer.concat([frameHeader(0xf1, 4), Buffer.from('40/a')]),
  Buffer.concat([frameHeader(0x83, 4), Buffer.from('40/a')]),
  Buffer.concat([frameHeader(0x89, 200), Buffer.alloc(200)]),
  Buffer.concat([frameHeader(0x81, 4), Buffer.from([0xc3, 0x28, 0xff, 0xfe])]),
  Buffer.concat([frameHeader(0x88, 2), Buffer.from([0, 1])]),
  Buffer.from([0x81, 0x03, 0x34, 0x30, 0x2f]),
  Buffer.concat([frameHeader(0x80, 4), Buffer.from('40/a')]),
  Buffer.concat([frameHeader(0x09, 4), Buffer.from('40/a')]),
]

/** Before the greeting, after it, and after the proof; honest packets changed at chance are among them. */
export const malformed: Load = async setting => {
  const { by, origin } = setting
  const honest = [
    '40/viewer,{"agent":"viewer/0.1.0","versions":[1]}',
    `42/viewer,3["beacon",{"cam":"${id}"}]`,
  ]
  let said = 0
  const count = Math.ceil(setting.amounts.messages / 20)
  await repeat(setting, count, 8, async i => {
    const stage = i % 3
    const socket =
      stage === 0
        ? await rawSocket(origin, home(i))
        : stage === 1
          ? (await greet(origin, home(i), 'viewer'))?.socket
          : await prove(origin, home(i), 'viewer', setting.viewer)
    for (let j = 0; j < 20 && socket && !socket.isClosed(); j++, said++) {
      const changed = mutateText(by.pick([...honest, ...MALFORMED.slice(0, 40)]), by)
      if (by.below(20) === 0) await socket.write(by.pick(FRAMES))
      else await socket.say(by.below(3) > 0 ? by.pick(MALFORMED) : changed)
      await sleep(1)
    }
    socket?.close()
  })
  return `${said} malformed packets on ${count} sockets or more`
}

const VALUES: readonly unknown[] = [
  ...[
    undefined,
    null,
    true,
    0,
    -1,
    1e308,
    '',
    'x',
    [],
    {},
    [[]],
    [null],
    { cam: null },
    { cam: id },
    { cam: id, offer: 7 },
  ],
  ...[
    { cam: [id], offer: {} },
    { cam: id, offer: 'a.b.c', extra: 1 },
    { rid: 'A'.repeat(22), msg: [] },
    { rid: {}, msg: { e: 1, m: 2 } },
  ],
  ...[
    { cam: id, offer: 'A'.repeat(33_000) },
    { cam: id.repeat(400) },
    { auth: { toString: 1 } },
    JSON.parse('{"__proto__":{"cam":1}}'),
  ],
  ...[
    { cam: id, policy: '..' },
    { cam: id, read: '\u0000' },
    { beacon: 'x', head: [], ways: { direct: -1, relayed: '1' } },
  ],
]

const pace = (i: number): Promise<unknown> => (i % 15 === 0 ? sleep(100) : Promise.resolve())

/** Every event there is, with every value that it is not for. */
export const wrongTypes: Load = async setting => {
  const current = lasting(setting)
  const events = [...Object.keys(requests), 'auth']
  const sent = await repeat(setting, setting.amounts.messages, 1, async i => {
    const socket = await current()
    const event = events[i % events.length]
    const value = VALUES[Math.floor(i / events.length) % VALUES.length]
    await socket?.say(
      `42/viewer,${i % 3 > 0 ? i : ''}${JSON.stringify([event, value, ...(i % 7 === 0 ? [value] : [])])}`,
    )
    await pace(i)
  })
  return `${sent} requests of the wrong type`
}

const UNKNOWN = [
  'candidate',
  'answer',
  'admin',
  'eval',
  'message',
  'ping',
  '__proto__',
  'toString',
  'publish',
  '',
  'x'.repeat(9000),
]

/** Below the rate of a flood on one socket, and far above it on another. */
export const unknownEvents: Load = async setting => {
  const [calm, flooding] = [lasting(setting), lasting(setting)]
  const sent = await repeat(setting, setting.amounts.messages, 1, async i => {
    const event = UNKNOWN[i % UNKNOWN.length]
    const socket = await (i % 2 > 0 ? calm() : flooding())
    await socket?.say(`42/viewer,${i % 4 > 0 ? i : ''}${JSON.stringify([event, { i }])}`)
    await pace(i)
  })
  return `${sent} events that do not exist`
}

/** Always so many at once: who is dropped comes again. A third greets nobody, a third says nothing, a third lies. */
export const silentSockets: Load = async setting => {
  const { signal, amounts, origin } = setting
  let opened = 0
  let most = 0
  const open = new Set<RawSocket>()
  const lane = async (i: number): Promise<void> => {
    do {
      const greeted = i % 3 > 0 ? await greet(origin, home(i), 'viewer') : undefined
      const socket = greeted?.socket ?? (i % 3 > 0 ? undefined : await rawSocket(origin, home(i)))
      if (!socket) await sleep(200)
      else {
        opened++
        open.add(socket)
        most = Math.max(most, open.size)
        if (i % 3 === 2) void sleep(1000).then(() => socket.say('42/viewer,0["auth",{"auth":"a.b.c"}]'))
        await Promise.race([socket.closed, sleep(6000), over(signal)])
        if (signal.aborted) socket.close()
        open.delete(socket)
      }
    } while (!signal.aborted)
  }
  // As fast as one machine can be asked, not all in one tick.
  const lanes: Promise<void>[] = []
  for (let i = 0; i < amounts.silentSockets; i++) {
    lanes.push(lane(i))
    if (i % 5 === 0) await sleep(5)
  }
  await Promise.all(lanes)
  return `${most} silent sockets at once, ${opened} in all`
}

const over = (signal: AbortSignal): Promise<void> =>
  signal.aborted
    ? Promise.resolve()
    : new Promise(resolve => signal.addEventListener('abort', () => resolve(), { once: true }))
