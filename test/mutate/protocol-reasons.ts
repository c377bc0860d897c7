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
    [
      'if (done && done.hash === third.hash) return done.fourth',
      'done.hash === third.hash → true',
      'equivalent',
      'message 3 of one meeting has one payload only, so its hash is that one',
    ],
    [
      "if (done) throw new ProtocolFault('paired', 'msg', 'this code was used: make a new one')",
      '',
      'equivalent',
      'message 3 of one meeting has one payload only: another one has been refused by now',
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
      "const lint = lintSdp(answer.payload.sdp, { kind: 'answer', talk })",
      `'answer' → ""`,
      'wording',
      'all that is not an offer is judged as an answer; only the note has the word',
    ],
    [
      'const hint = win === undefined ? {} : { win }',
      'win === undefined → false',
      'equivalent',
      'JSON leaves out a member that is undefined',
    ],
  ]),
  ...reasonsFor('protocol/src/sdp-candidate.ts', [
    [
      String.raw`if (!/^a=candidate:[A-Za-z0-9+/]{1,32}$/.test(head ?? '') || !/^\d{1,10}$/.test(priority ?? ''))`,
      `'' → "Stryker was here!"`,
      'equivalent',
      'neither is of the form',
    ],
    [
      "if (!/^(host|srflx|prflx|relay)$/.test(type) || !/^[1-9][0-9]{3,4}$/.test(port ?? '')) return undefined",
      `'' → "Stryker was here!"`,
      'equivalent',
      'neither is of the form',
    ],
    [
      "if (component !== '1' || protocol?.toLowerCase() !== 'udp' || typ !== 'typ' || !address || !type)",
      'protocol?.toLowerCase → protocol.toLowerCase',
      'equivalent',
      'a line without a protocol has no priority either, and was refused for that',
    ],
    [
      'const embedded = groups.slice(0, 5).every(group => group === 0) || (first === 0x64 && groups[1] === 0xff9b)',
      '',
      'unseen',
      'such addresses begin outside the ranges that are wanted: refused twice, on purpose',
    ],
    [
      'if (address.length > 39 || !/^[0-9a-f:]+$/i.test(address)) return undefined',
      '',
      'unseen',
      'each group is read by itself below: this only ends it early',
    ],
    [
      'const [head = [], tail = []] = parts',
      '[] → ["Stryker was here"]',
      'equivalent',
      'there is always a head',
    ],
    [
      "const groups = [...head, ...Array<string>(halves.length === 1 ? 0 : missing).fill('0'), ...tail]",
      'halves.length === 1 → false',
      'equivalent',
      'nothing is missing where there is no ::',
    ],
  ]),
  ...reasonsFor('protocol/src/sdp-lint.ts', [
    [
      "if (!session) throw new Fault('v', 'begin with v=0')",
      '',
      'equivalent',
      'there is always a first section, and splitLines wants v=0',
    ],
    [
      'const candidates = kept.filter(isCandidate).flatMap(line => usableCandidate(line) ?? [])',
      'kept.filter(isCandidate) → kept',
      'equivalent',
      'no other line is a usable candidate',
    ],
    [
      'const candidates = kept.filter(isCandidate).flatMap(line => usableCandidate(line) ?? [])',
      '[] → ["Stryker was here"]',
      'equivalent',
      'the unusable ones were dropped before',
    ],
    [
      "if (error instanceof Fault) return { ok: false, code: 'bad_sdp', field: error.field, note: error.message }",
      'error instanceof Fault → true',
      'unseen',
      'nothing else is thrown there, as test/fuzz shows',
    ],
    [
      "const ATTRIBUTE = /^a=([!#$%&'*+.^_`{|}~0-9a-z-]+)(?::(.*))?$/",
      "/^a=([!#$%&'*+.^_`{|}~0-9a-z-]+)(?::(.*))?$/ → /a=([!#$%&'*+.^_`{|}~0-9a-z-]+)(?::(.*))?$/",
      'unseen',
      'a line of another letter is none of the attributes that are looked for; splitLines asks for a= first',
    ],
    [
      "const sections: Section[] = [{ line: '', attributes: [] }]",
      `'' → "Stryker was here!"`,
      'equivalent',
      'the line of the session part is never read',
    ],
    [
      "const sections: Section[] = [{ line: '', attributes: [] }]",
      '[] → ["Stryker was here"]',
      'equivalent',
      'it is no attribute, and nobody looks for it',
    ],
    [
      "if (line.startsWith('m=')) sections.push({ line, attributes: [] })",
      '[] → ["Stryker was here"]',
      'equivalent',
      'it is no attribute, and nobody looks for it',
    ],
    [
      'else sections.at(-1)?.attributes.push(line)',
      'sections.at(-1)?.attributes → sections.at(-1).attributes',
      'equivalent',
      'there is always a last one',
    ],
    [
      "return match?.[1] === name ? (match[2] ?? '') : undefined",
      `'' → "Stryker was here!"`,
      'equivalent',
      'no attribute without a value may have one of the values that are wanted',
    ],
    [
      'if (value === undefined || others.length > 0)',
      'value === undefined → false',
      'equivalent',
      'checkComplete and the shape refuse it too, under the same name',
    ],
    [
      String.raw`const match = /^m=(audio|video|application) (\d{1,5}) (\S+) (.+)$/.exec(section.line)`,
      String.raw`/^m=(audio|video|application) (\d{1,5}) (\S+) (.+)$/ → /m=(audio|video|application) (\d{1,5}) (\S+) (.+)$/`,
      'equivalent',
      'a section begins with its line of m=',
    ],
    [
      String.raw`const match = /^m=(audio|video|application) (\d{1,5}) (\S+) (.+)$/.exec(section.line)`,
      String.raw`/^m=(audio|video|application) (\d{1,5}) (\S+) (.+)$/ → /^m=(audio|video|application) (\d{1,5}) (\S+) (.+)/`,
      'equivalent',
      'a line has no end of line in it',
    ],
    [
      "if (kind === 'application' || direction === 'inactive') return",
      '',
      'equivalent',
      'an inactive section sends nothing, which is what is asked next',
    ],
    [
      String.raw`value => /^\d+ ([A-Za-z0-9.-]+)\//.exec(value)?.[1]?.toUpperCase() ?? '',`,
      '',
      'equivalent',
      'where the form matches there is a name; one out of form is no codec of ours',
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
