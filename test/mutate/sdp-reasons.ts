import { type Reason, reasonsFor } from './reason.ts'

/** Why some mutants of the lint of descriptions may live. */
export const sdpReasons: readonly Reason[] = [
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
      String.raw`/^\d+ ([A-Za-z0-9.-]+)\//.exec(value)?.[1]?.toUpperCase → /^\d+ ([A-Za-z0-9.-]+)\//.exec(value)?.[1].toUpperCase`,
      'equivalent',
      'where the form matches there is a name',
    ],
  ]),
]
