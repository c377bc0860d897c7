import type { TurnOptionsInput } from '@ownsight/turn-config/options'
import {
  type Asked,
  allocate,
  also,
  bind,
  GRANTED,
  last,
  type Row,
  steps,
  tls,
  valueIn,
  without,
  word,
} from './turn-look.ts'
import { login, PORT, RELAY } from './turn-stage.ts'
import type { Step } from './turn-talk.ts'

/** Ports of four allocations. */
async function ports(asked: Asked): Promise<string> {
  const found: number[] = []
  for (let i = 0; i < 4; i++) found.push(last(await steps(asked, [allocate()])).relayed?.port ?? 0)
  return found.every(port => port >= 50_000 && port <= 50_003) ? 'within' : 'elsewhere'
}
const FEW_PORTS: Partial<TurnOptionsInput> = { relayPorts: [50_000, 50_003] }

export const LISTENING: readonly Row[] = [
  {
    name: 'realm',
    line: /^realm=/,
    asks: 'the realm of a challenge',
    look: async asked => last(await steps(asked, [allocate()])).realm || 'none',
    yes: 'ownsight.test',
    no: 'none',
  },
  {
    name: 'external-ip',
    line: /^external-ip=/,
    asks: 'the address of an allocation, behind a NAT',
    change: { externalIp: [`203.0.113.77/${RELAY.ipv4}`] },
    look: async asked => last(await steps(asked, [allocate()])).relayed?.address ?? 'none',
    yes: '203.0.113.77',
    no: RELAY.ipv4,
  },
  {
    name: 'listening-ip (each)',
    line: /^listening-ip=/,
    asks: 'a binding request to that address',
    look: async asked => word(await bind(asked, { host: valueIn(asked.line) })),
    yes: GRANTED,
    no: 'no answer',
  },
  {
    name: 'relay-ip (each)',
    line: /^relay-ip=/,
    asks: 'an allocation of that family',
    look: async asked =>
      word(last(await steps(asked, [allocate(asked.line.includes(':') ? { family: 'ipv6' } : {})]))),
    yes: GRANTED,
    no: 'refused (440)',
  },
  {
    name: 'listening-port',
    line: /^listening-port=/,
    asks: 'a binding request to that port, which is no default',
    look: async asked => word(await bind(asked)),
    yes: GRANTED,
    no: 'no answer',
  },
  {
    name: 'aux-server (each)',
    line: /^aux-server=/,
    asks: 'a binding request to that address at the next port',
    look: async asked =>
      word(await bind(asked, { host: asked.line.includes('[') ? RELAY.ipv6 : RELAY.ipv4, port: PORT + 1 })),
    yes: GRANTED,
    no: 'no answer',
  },
  ...['min-port', 'max-port'].map(name => ({
    name,
    line: new RegExp(`^${name}=`),
    asks: 'the ports of four allocations, in a range of four ports',
    change: FEW_PORTS,
    look: ports,
    yes: 'within',
    no: 'elsewhere',
  })),
  ...['tls-listening-port', 'cert', 'pkey'].map(name => ({
    name,
    line: new RegExp(`^${name}=`),
    asks: 'a handshake of TLS 1.2 on port 443',
    look: tls('TLSv1.2'),
    yes: 'TLSv1.2',
    no: 'no listener',
  })),
  ...(
    [
      ['no-tlsv1', 'TLSv1', 'TLS 1.0'],
      ['no-tlsv1_1', 'TLSv1.1', 'TLS 1.1'],
    ] as const
  ).map(
    ([name, version, text]): Row => ({
      name,
      line: new RegExp(`^${name}$`),
      asks: `a handshake of ${text} alone`,
      alone: ['ciphers of old TLS let in', also('cipher-list=DEFAULT:@SECLEVEL=0')],
      look: tls(version),
      yes: 'refused',
      no: version,
    }),
  ),
  {
    name: 'no-dtls',
    line: /^no-dtls$/,
    asks: 'a handshake of DTLS 1.2',
    look: async ({ stage }) =>
      (await stage.probe.dtls(RELAY.ipv4, PORT)) ? 'a certificate' : 'no certificate',
    yes: 'no certificate',
    no: 'a certificate',
  },
  {
    name: 'no-tls (where no certificate is given)',
    line: /^no-tls$/,
    asks: 'a handshake on its default port for TLS',
    change: { tls: undefined },
    alone: ['a certificate given after all', (text, { ca }) => also(`cert=${ca.cert}\npkey=${ca.key}`)(text)],
    look: tls('TLSv1.2', 5349),
    yes: 'no listener',
    no: 'TLSv1.2',
  },
]

export const CREDENTIALS: readonly Row[] = [
  {
    name: 'use-auth-secret',
    line: /^use-auth-secret$/,
    asks: 'an allocation by anybody',
    alone: ['no static-auth-secret, which implies it', without(/^static-auth-secret=.*$/gm)],
    look: async asked => word(last(await steps(asked, [allocate()]))),
    yes: 'refused (401)',
    no: GRANTED,
  },
  {
    name: 'static-auth-secret (each of two)',
    line: /^static-auth-secret=/,
    asks: 'an allocation with a credential of that secret',
    look: async asked => word(last(await steps(asked, [allocate(login({ secret: valueIn(asked.line) }))]))),
    yes: GRANTED,
    no: 'refused (401)',
  },
  {
    name: 'stale-nonce',
    line: /^stale-nonce=/,
    asks: 'a request with a nonce of four seconds ago',
    alone: [
      '2 seconds in place of 600, which is coturn’s default too',
      text => text.replace('stale-nonce=600', 'stale-nonce=2'),
    ],
    look: async asked =>
      word(
        last(await steps(asked, [allocate(), { do: 'wait', ms: 4000 }, { do: 'permit', peer: 'itself' }])),
      ),
    yes: 'refused (438)',
    no: GRANTED,
  },
  {
    name: 'fingerprint',
    line: /^fingerprint$/,
    asks: 'FINGERPRINT of an answer, where the question had none',
    look: async asked => ((await bind(asked)).fingerprint ? 'there' : 'not there'),
    yes: 'there',
    no: 'not there',
  },
]

export const BOUNDS: readonly Row[] = [
  {
    name: 'user-quota',
    line: /^user-quota=/,
    asks: 'one allocation more than 2 with one credential',
    look: async asked => {
      const again = allocate()
      for (let i = 0; i < 2; i++) await steps(asked, [again])
      return word(last(await steps(asked, [again])))
    },
    yes: 'refused (486)',
    no: GRANTED,
  },
  {
    name: 'total-quota',
    line: /^total-quota=/,
    asks: 'one allocation more than 3, each with its own credential',
    change: { totalQuota: 3 },
    look: async asked => {
      for (let i = 0; i < 3; i++) await steps(asked, [allocate()])
      return word(last(await steps(asked, [allocate()])))
    },
    yes: 'refused (486)',
    no: GRANTED,
  },
  {
    name: 'max-bps',
    line: /^max-bps=/,
    asks: '400,000 bytes a second through an allocation of 100,000',
    change: { totalKbit: undefined },
    look: async asked => {
      const pour: Step = { do: 'pour', bytesPerSecond: 400_000, ms: 3000 }
      const { poured = 0 } = last(await steps(asked, [allocate(), { do: 'permit', peer: 'itself' }, pour]))
      return poured < 20_000 ? 'nothing' : poured < 160_000 ? 'held' : 'not held'
    },
    yes: 'held',
    no: 'not held',
  },
  {
    name: 'bps-capacity',
    line: /^bps-capacity=/,
    asks: 'a second allocation, where the first was lent all there is',
    change: { totalKbit: 800 },
    look: async asked => {
      await steps(asked, [allocate()])
      return word(last(await steps(asked, [allocate()])))
    },
    yes: 'refused (486)',
    no: GRANTED,
  },
]
