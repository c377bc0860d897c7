import { existsSync, readdirSync } from 'node:fs'
import {
  allocate,
  also,
  bind,
  ends,
  GRANTED,
  last,
  permits,
  type Row,
  steps,
  valueIn,
  without,
  word,
} from './turn-look.ts'
import { FOREIGN_SECRET, login, RELAY } from './turn-stage.ts'

const MULTICAST = /^denied-peer-ip=(224\.|ff00:).*$/gm

export const PEERS: readonly Row[] = [
  {
    name: 'denied-peer-ip=0.0.0.0-…',
    line: /^denied-peer-ip=0\.0\.0\.0-/,
    asks: 'both ends as a peer',
    look: ends,
    yes: 'refused (403)',
    no: 'refused (403)',
    same: 'coturn 4.6.1 refuses these by itself, with no option to let them in; before 4.5.2 it let them in (CVE-2020-26262)',
  },
  {
    name: 'denied-peer-ip=127.0.0.0-…',
    line: /^denied-peer-ip=127\./,
    asks: 'both ends as a peer',
    alone: ['coturn’s own refusal of loopback taken off', also('allow-loopback-peers\ncli-password=x')],
    look: ends,
    yes: 'refused (403)',
    no: GRANTED,
  },
  {
    name: 'denied-peer-ip=224.0.0.0-…, ff00::-…',
    line: /^denied-peer-ip=(224\.|ff00:)/,
    asks: 'both ends as a peer',
    alone: ['no-multicast-peers taken off', without(/^no-multicast-peers$/m)],
    look: ends,
    yes: 'refused (403)',
    no: GRANTED,
  },
  {
    name: 'denied-peer-ip (each other one, those of --deny-peers too)',
    line: /^denied-peer-ip=/,
    asks: 'both ends as a peer',
    look: ends,
    yes: 'refused (403)',
    no: GRANTED,
  },
  {
    name: 'allowed-peer-ip (its own addresses, --allow-peers)',
    line: /^allowed-peer-ip=(?!203\.0\.113\.77)/,
    asks: 'both ends as a peer',
    look: ends,
    yes: GRANTED,
    no: 'refused (403)',
  },
  {
    name: 'allowed-peer-ip (its public address behind a NAT)',
    line: /^allowed-peer-ip=203\.0\.113\.77$/,
    asks: 'it as a peer',
    change: { externalIp: [`203.0.113.77/${RELAY.ipv4}`] },
    alone: [
      'external-ip taken off, by which coturn 4.6.1 lets its own addresses in',
      without(/^external-ip=.*$/m),
    ],
    look: ends,
    yes: GRANTED,
    no: 'refused (403)',
  },
  {
    name: 'no-multicast-peers',
    line: /^no-multicast-peers$/,
    asks: '224.0.0.1, and ff02::1, as a peer',
    alone: ['the two denied ranges of multicast taken off', without(MULTICAST)],
    look: async asked =>
      [...new Set([await permits(asked, ['224.0.0.1']), await permits(asked, ['ff02::1'])])].join(', '),
    yes: 'refused (403)',
    no: GRANTED,
  },
  {
    name: 'no-tcp-relay',
    line: /^no-tcp-relay$/,
    asks: 'an allocation that would reach peers over TCP',
    look: async asked => word(last(await steps(asked, [allocate({ transport: 'tcp' })], { over: 'tcp' }))),
    yes: 'refused (442)',
    no: GRANTED,
  },
]

export const CLOSED: readonly Row[] = [
  {
    name: 'no-cli',
    line: /^no-cli$/,
    asks: 'who listens on port 5766 of the relay’s machine',
    alone: ['a cli-password, without which coturn opens none', also('cli-password=x')],
    look: async ({ stage }) => (stage.run('ss', '-Hltn').includes(':5766') ? 'coturn' : 'nobody'),
    yes: 'nobody',
    no: 'coturn',
  },
  {
    name: 'no-rfc5780',
    line: /^no-rfc5780$/,
    asks: 'other addresses in an answer, of a relay that has two',
    change: { listenIp: [RELAY.ipv4, RELAY.second, RELAY.ipv6] },
    look: async asked => ((await bind(asked)).other ? 'named' : 'none'),
    yes: 'none',
    no: 'named',
  },
  {
    name: 'no-software-attribute',
    line: /^no-software-attribute$/,
    asks: 'the name and version of software in an answer',
    look: async asked => (/coturn/i.test((await bind(asked)).software ?? '') ? 'named' : 'none'),
    yes: 'none',
    no: 'named',
  },
  {
    name: 'userdb',
    line: /^userdb=/,
    asks: 'a credential of a secret in coturn’s own database, at its default place',
    look: async asked => word(last(await steps(asked, [allocate(login({ secret: FOREIGN_SECRET }))]))),
    yes: 'refused (401)',
    no: GRANTED,
  },
  {
    name: 'pidfile',
    line: /^pidfile=/,
    asks: 'the file with its process id',
    look: async ({ line }) => (existsSync(valueIn(line)) ? 'there' : 'elsewhere'),
    yes: 'there',
    no: 'elsewhere',
  },
  {
    name: 'log-file',
    line: /^log-file=/,
    asks: 'a log of its own in /var/log, which nobody would prune',
    look: async ({ coturn }) =>
      readdirSync(`/proc/${coturn.pid}/root/var/log`).some(name => name.startsWith('turn'))
        ? 'there'
        : 'none',
    yes: 'none',
    no: 'there',
  },
]
