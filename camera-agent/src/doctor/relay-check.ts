import { parseRelayUrl, type RelayGrant, type RelayUrl } from '@ownsight/protocol/relay-grant'
import { tryRelay } from '../rtc/relay.ts'
import { bad, type Finding, good } from './finding.ts'
import { type Mapping, mapping } from './mapping.ts'

type Outcome = { url: RelayUrl; code: 'ok' | 'refused' | 'quota' | 'certificate' | 'silent' }

/** Can the relay be used, over which transports, and what does the network do to addresses? */
export async function checkRelay(grant: RelayGrant | undefined, allowed: boolean): Promise<Finding[]> {
  if (!allowed) return [good('relay', 'Relays are switched off in the configuration (network.relay).', 'off')]
  if (!grant)
    return [
      bad(
        'relay',
        'relay_none',
        'The server lends no relay: viewers elsewhere get a picture only where both networks let them. Set one up (docs/TURN.md).',
      ),
    ]
  const urls = grant.urls.map(parseRelayUrl)
  const outcomes = await Promise.all(
    urls.filter(({ kind }) => kind === 'turn').map(async url => ({ url, code: await tryRelay(url, grant) })),
  )
  const [first] = urls
  const found = first ? await mapping(first.host, first.port) : 'none'
  return [relayFinding(outcomes, found !== 'none'), networkFinding(found)]
}

/** @param answers its STUN answers: a relay that then says nothing to an allocation does not believe the credential */
export function relayFinding(outcomes: readonly Outcome[], answers: boolean): Finding {
  const works = outcomes.filter(({ code }) => code === 'ok').map(({ url }) => url.transport)
  const some = (code: Outcome['code']): boolean => outcomes.some(each => each.code === code)
  if (works.includes('udp')) return good('relay', 'The relay works over UDP.')
  if (works.length > 0)
    return bad(
      'relay',
      'udp_blocked',
      `UDP does not get from here to the relay, ${(works[0] ?? '').toUpperCase()} does: pictures come, later than they could; let UDP out to it.`,
    )
  if (some('refused') || (answers && outcomes.every(({ code }) => code === 'silent')))
    return bad(
      'relay',
      'relay_secret',
      'The relay refuses the server’s credentials: both must have the same secret, and their clocks must agree. Run ownsight-turn check there.',
    )
  if (some('quota'))
    return bad(
      'relay',
      'relay_quota',
      'The relay has no room left: raise its quota, or find out who fills it.',
    )
  if (some('certificate'))
    return bad(
      'relay',
      'relay_certificate',
      'The relay’s certificate is not valid for its name: renew it, or trust its authority.',
    )
  return bad(
    'relay',
    'relay_unreachable',
    'The relay cannot be reached from here, over UDP, TCP or TLS: check that it runs, and the firewalls in between.',
  )
}

function networkFinding(found: Mapping): Finding {
  if (found === 'none')
    return bad(
      'network',
      'udp_blocked',
      'No answer came over UDP: this network, or the one of the relay, blocks it.',
    )
  if (found === 'symmetric')
    return good(
      'network',
      'This network gives each destination another port: viewers behind such a network will need the relay.',
      'nat_symmetric',
    )
  return good(
    'network',
    found === 'open' ? 'No address translation.' : 'Address translation that lets direct ways be found.',
    found,
  )
}
