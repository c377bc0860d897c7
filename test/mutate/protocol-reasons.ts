import { type Reason, reasonsFor } from './reason.ts'

/** Why some mutants of protocol/ may live. */
export const protocolReasons: readonly Reason[] = [
  ...reasonsFor('protocol/src/bytes.ts', [
    [
      "return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')",
      '/=+$/ → /=+/',
      'equivalent',
      'btoa writes = at the end only',
    ],
    [
      'for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i)',
      'i < binary.length → i <= binary.length',
      'equivalent',
      'a typed array takes nothing behind its end',
    ],
    [
      'for (let i = 0; i < a.length; i++) difference |= (a[i] ?? 0) ^ (b[i] ?? 0)',
      'i < a.length → i <= a.length',
      'equivalent',
      'behind the end both are 0',
    ],
    [
      "const key = await crypto.subtle.importKey('raw', secret, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])",
      'false → true',
      'unseen',
      'the imported key never leaves the function',
    ],
  ]),
  ...reasonsFor('protocol/src/envelope.ts', [
    [
      "await compactVerify(jws as string, publicKey, { algorithms: ['ES256'] })",
      "{ algorithms: ['ES256'] } → {}",
      'unseen',
      "the header's text was compared whole before, and it says ES256",
    ],
    [
      String.raw`const typ = /^\{"alg":"ES256","typ":"(os1-[a-z0-9]+)"\}$/.exec(header)?.[1]`,
      String.raw`/^\{"alg":"ES256","typ":"(os1-[a-z0-9]+)"\}$/.exec(header)?.[1] → /^\{"alg":"ES256","typ":"(os1-[a-z0-9]+)"\}$/.exec(header)[1]`,
      'equivalent',
      'the error of a missing match is caught, and the answer is undefined too',
    ],
    [
      'return typ !== undefined && isTyp(typ) ? typ : undefined',
      'typ !== undefined → true',
      'equivalent',
      'undefined is no type of ours',
    ],
    ['} catch {', '{ return undefined } → {}', 'equivalent', 'a function without a return gives undefined'],
  ]),
  ...reasonsFor('protocol/src/invite.ts', [
    [
      "if (!entry) throw new ProtocolFault('unknown_invite', 'iss', 'ask the owner for a new invitation')",
      '',
      'unseen',
      'without an entry there was no key to open it with: openEnvelope has refused it',
    ],
  ]),
  ...reasonsFor('protocol/src/join.ts', [
    [
      "return crypto.subtle.importKey('raw', raw, 'AES-GCM', false, ['encrypt', 'decrypt'])",
      'false → true',
      'unseen',
      'the key never leaves the module',
    ],
  ]),
  ...reasonsFor('protocol/src/offer-check.ts', [
    [
      'const key = checks.policy.viewers.get(iss)?.k',
      'checks.policy.viewers.get(iss)?.k → checks.policy.viewers.get(iss).k',
      'equivalent',
      'rightsOf has refused a viewer that is not in the policy',
    ],
    [
      "if (!key) throw new ProtocolFault('unknown_viewer', 'iss', 'ask the owner to let this key in')",
      '',
      'equivalent',
      'rightsOf has refused a viewer that is not in the policy',
    ],
  ]),
  ...reasonsFor('protocol/src/pairing-owner.ts', [
    [
      "if (!sent) throw new ProtocolFault('not_offering', 'msg', 'start the pairing again')",
      '',
      'equivalent',
      'in finish alone: both who call it have asked before',
    ],
  ]),
  ...reasonsFor('protocol/src/policy-change.ts', [
    [
      'const times = { ...(nbf === undefined ? {} : { nbf }), ...(exp === undefined ? {} : { exp }) }',
      'nbf === undefined → false',
      'equivalent',
      'JSON leaves out a member that is undefined',
    ],
    [
      'const times = { ...(nbf === undefined ? {} : { nbf }), ...(exp === undefined ? {} : { exp }) }',
      'exp === undefined → false',
      'equivalent',
      'JSON leaves out a member that is undefined',
    ],
    [
      'const rest = await withoutKeys(policy, [await keyId(k), ...(inv === undefined ? [] : [inv])])',
      'inv === undefined → false',
      'equivalent',
      'no key has the id undefined',
    ],
    [
      'const rest = await withoutKeys(policy, [await keyId(k), ...(inv === undefined ? [] : [inv])])',
      '[] → ["Stryker was here"]',
      'equivalent',
      'no key has such an id',
    ],
    [
      "return entries.filter((_, i) => !ids.includes(kids[i] ?? ''))",
      `'' → "Stryker was here!"`,
      'equivalent',
      'each entry has its id',
    ],
  ]),
  ...reasonsFor('protocol/src/relay-grant.ts', [
    [
      "const [, scheme = '', host = '', port, , transport] =",
      '',
      'equivalent',
      'only what relayGrant let pass is parsed, and that matches',
    ],
    [
      String.raw`/^(stun|turn|turns):(\[[^\]]+\]|[^:?]+)(?::(\d+))?(\?transport=(udp|tcp))?$/.exec(text) ?? []`,
      '',
      'equivalent',
      'only what relayGrant let pass is parsed: it begins and ends so',
    ],
    [
      String.raw`host: host.replace(/^\[|\]$/g, ''),`,
      '',
      'equivalent',
      'relayGrant lets a bracket stand at the beginning and the end only',
    ],
  ]),
  ...reasonsFor('protocol/src/roster.ts', [
    [
      '} catch {',
      "{ throw new ProtocolFault('bad_form', 'roster', 'update the viewer: reload the page') } → {}",
      'equivalent',
      'undefined is no roster either, and is refused with the same words',
    ],
  ]),
  ...reasonsFor('protocol/src/session.ts', [
    [
      'const hint = win === undefined ? {} : { win }',
      'win === undefined → false',
      'equivalent',
      'JSON leaves out a member that is undefined',
    ],
  ]),
  ...reasonsFor('protocol/src/version.ts', [
    [
      'const older = Math.max(...theirs) < Math.max(...SUPPORTED_VERSIONS) ? them : us',
      '',
      'equivalent',
      'one version is supported so far: its highest is its lowest, and none of theirs is equal',
    ],
  ]),
]
