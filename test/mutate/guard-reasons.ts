import { type Reason, reasonsFor } from './reason.ts'

/** Why some mutants of the guard may live. */
export const guardReasons: readonly Reason[] = [
  ...reasonsFor('camera-agent/src/rtc/dtls-guard.ts', [
    [
      "if (fingerprints.length !== 1 || first?.algorithm.toLowerCase() !== 'sha-256')",
      'first?.algorithm → first.algorithm',
      'equivalent',
      'there is one when this is asked',
    ],
  ]),
  ...reasonsFor('camera-agent/src/rtc/guard/ice.ts', [
    [
      "if (!message.attributesKeys.includes('MESSAGE-INTEGRITY')) return",
      "!message.attributesKeys.includes('MESSAGE-INTEGRITY') → false",
      'unseen',
      'endsWithIntegrity asks for it in the bytes',
    ],
    [
      'if (!receive) return',
      '!receive → false',
      'equivalent',
      'such a protocol never calls what would be put in its place',
    ],
  ]),
  ...reasonsFor('camera-agent/src/rtc/guard/possession.ts', [
    [
      'if (types.length !== expected.length || types.some((type, i) => type !== expected[i]))',
      'types.length !== expected.length → false',
      'unseen',
      'a longer list has a message where none is expected, a shorter one lacks one of those that are asked for next',
    ],
    [
      'const total = message.length >= 6 ? message.readUIntBE(0, 3) : 0',
      'message.length >= 6 → message.length > 6',
      'equivalent',
      'six bytes are two lengths and no certificate: refused whatever they say',
    ],
    [
      'const size = total >= 3 ? message.readUIntBE(3, 3) : 0',
      'total >= 3 → total > 3',
      'equivalent',
      'a total of three leaves no byte for a certificate: refused whatever its length says',
    ],
    [
      'if (message.length < 4 || message.length !== 4 + message.readUInt16BE(2)) refuse()',
      'message.length < 4 → message.length <= 4',
      'equivalent',
      'four bytes hold an empty signature, which verifies under no key',
    ],
    [
      'if (!first || !certificate || !keyExchange || !certificateVerify)',
      '',
      'equivalent',
      'the list was compared before: it has all nine',
    ],
    [
      "throw new GuardError('transcript', 'the handshake is not whole')",
      '',
      'equivalent',
      'the list was compared before: it has all nine',
    ],
  ]),
  ...reasonsFor('camera-agent/src/rtc/guard/replay-window.ts', [
    [
      'sequence <= highest && (highest - sequence >= SIZE || (bits & (1n << (highest - sequence))) !== 0n),',
      'sequence <= highest → true',
      'equivalent',
      'a shift by less than nothing leaves no mark',
    ],
    [
      'if (sequence > highest) {',
      'sequence > highest → sequence >= highest',
      'equivalent',
      'the highest once more shifts by nothing',
    ],
    [
      'bits = shift >= SIZE ? 1n : ((bits << shift) | 1n) & ((1n << SIZE) - 1n)',
      'shift >= SIZE → false',
      'equivalent',
      'what is shifted out is cut off: this only saves the work',
    ],
    [
      'bits = shift >= SIZE ? 1n : ((bits << shift) | 1n) & ((1n << SIZE) - 1n)',
      'shift >= SIZE → shift > SIZE',
      'equivalent',
      'what is shifted out is cut off: this only saves the work',
    ],
    [
      '} else if (highest - sequence < SIZE) bits |= 1n << (highest - sequence)',
      'highest - sequence < SIZE → true',
      'equivalent',
      'marks behind the window are never read',
    ],
    [
      '} else if (highest - sequence < SIZE) bits |= 1n << (highest - sequence)',
      'highest - sequence < SIZE → highest - sequence <= SIZE',
      'equivalent',
      'marks behind the window are never read',
    ],
  ]),
  ...reasonsFor('camera-agent/src/rtc/guard/server-session.ts', [
    [
      'if (hello === undefined || fragment.seq > next + AHEAD_MAX) return',
      'fragment.seq > next + AHEAD_MAX → fragment.seq >= next + AHEAD_MAX',
      'unseen',
      'memory alone: the flight has four messages, so one eight ahead is kept and never handed on',
    ],
    [
      'const key = fragment.type === HELLO ? -1 - fragment.seq : fragment.seq',
      'fragment.type === HELLO → fragment.type !== HELLO',
      'equivalent',
      'hellos and other messages still have keys apart: the signs change places',
    ],
    ['parts.clear()', '', 'unseen', 'memory alone: after the end nothing is received'],
    ['} catch {', '{ return undefined } → {}', 'equivalent', 'a function without a return gives undefined'],
    [
      'if (session === undefined) return undefined',
      'session === undefined → false',
      'equivalent',
      'without a length nothing is found behind it, and that is refused next',
    ],
    [
      'if (socket.cipher.cipher) for (const record of early.take()) onSealedRecord(record)',
      'socket.cipher.cipher → true',
      'equivalent',
      'what is taken before there are keys is kept again, in its order',
    ],
    ['whole.clear()', '', 'unseen', 'memory alone: after the end nothing is received'],
  ]),
  ...reasonsFor('camera-agent/src/rtc/guard/srtp-replay.ts', [
    [
      'if (index > source.highest) source.highest = index',
      'index > source.highest → index >= source.highest',
      'equivalent',
      'the highest once more stays the highest',
    ],
  ]),
]
