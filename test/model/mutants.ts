import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** One check taken away, to show that the model notices. The text occurs once in the file. */
export type Mutant = {
  readonly name: string
  /** from the root of the repository */
  readonly file: string
  readonly find: string
  readonly replace: string
  /** the invariants that may notice */
  readonly breaks: readonly string[]
}

const root = join(import.meta.dirname, '../..')

const mutant = (name: string, file: string, find: string, replace: string, ...breaks: string[]): Mutant => ({
  name,
  file,
  find,
  replace,
  breaks,
})

export const MUTANTS: readonly Mutant[] = [
  mutant(
    'signatures are not verified',
    'protocol/src/envelope.ts',
    "await compactVerify(jws as string, publicKey, { algorithms: ['ES256'] })",
    'void [compactVerify, publicKey]',
    ...['I1', 'I2', 'I10', 'I11'],
  ),
  mutant(
    'the audience is not compared',
    'protocol/src/envelope.ts',
    'payload.aud !== aud || ',
    '',
    ...['I1', 'I2', 'I6'],
  ),
  mutant(
    'the proof of possession is left out',
    'test/model/transport.ts',
    'insiderHolds(far.insider, camera.wanted)',
    'true',
    'I1',
  ),
  mutant(
    'live without a confirm',
    'camera-agent/src/serve.ts',
    'await within(CONFIRMING_MS, confirm, ended)',
    'void confirm',
    'I1',
  ),
  mutant(
    'an offer is taken again',
    'camera-agent/src/window.ts',
    "if (slots().some(slot => slot.seen.get(viewer)?.has(sid))) return 'seen'",
    '',
    'I3',
  ),
  mutant(
    'an answer need not name the offer',
    'protocol/src/session.ts',
    'if (sid !== attempt.sid || !equalText(oh, attempt.oh))',
    'if (sid === oh)',
    'I2',
  ),
  mutant(
    'a policy need not name the one before',
    'protocol/src/policy.ts',
    'if (payload.prev !== current.hash)',
    'if (payload.prev === current.hash && payload.n === 0)',
    ...['I11', 'I5'],
  ),
  mutant(
    'root may go back',
    'protocol/src/policy.ts',
    'if (ahead < 1 || ahead > ROOT_EPOCH_JUMP)',
    'if (ahead > ROOT_EPOCH_JUMP)',
    'I4',
  ),
  mutant(
    'a policy may be of another camera',
    'protocol/src/policy.ts',
    'if (named !== cam)',
    "if (named === '')",
    ...['I11', 'I4'],
  ),
  mutant(
    'root need not stay the same',
    'protocol/src/policy.ts',
    '(claims.iss === root ? current.root : current.admins.get(claims.iss))',
    '(claims.iss === root || !current.admins.has(claims.iss) ? claims.admins.at(-1)?.k : current.admins.get(claims.iss))',
    'I11',
  ),
  mutant(
    'an accepted policy is not stored',
    'camera-agent/src/policy-store.ts',
    'await save({ ...now.state, policy: jws, signer, floor, waiting })',
    'void [signer, floor, waiting]',
    'I4',
  ),
  mutant(
    'a policy is acknowledged before it is stored',
    'camera-agent/src/policy-store.ts',
    'await save({ ...now.state, policy: jws, signer, floor, waiting })',
    'setTimeout(() => void save({ ...now.state, policy: jws, signer, floor, waiting }), 3000)',
    'I4',
  ),
  mutant(
    'sessions are not judged by a new policy',
    'camera-agent/src/control.ts',
    '      context.onPolicy()\n',
    '',
    ...['I1', 'I5'],
  ),
  mutant(
    'privacy is not looked at',
    'protocol/src/policy.ts',
    'if (policy.policy.privacy)',
    'if (!policy.policy.v)',
    ...['I1', 'I5'],
  ),
  mutant(
    'a time that is over is not looked at',
    'protocol/src/policy.ts',
    'clock.now >= (entry.exp ?? Number.POSITIVE_INFINITY)',
    'false',
    ...['I1', 'I5'],
  ),
  mutant(
    'a wrong clock is believed',
    'protocol/src/policy.ts',
    'if (!clock.plausible)',
    'if (clock.now < 0)',
    ...['I1', 'I5'],
  ),
  mutant(
    'the MAC of a pairing is not compared',
    'protocol/src/pairing.ts',
    'if (!equalBytes(fromBase64url(message.m), expected))',
    'if (expected.length === 0)',
    'I10',
  ),
  mutant(
    'a viewer gets every right it asks for',
    'protocol/src/offer-check.ts',
    'want.filter(right => granted.includes(right))',
    'want.filter(right => granted.length > 0 || right)',
    'I11',
  ),
  mutant(
    'a second device may redeem an invitation',
    'camera-agent/src/policy-store.ts',
    'if (known && !sameKey(known.k, view))',
    'if (known && sameKey(known.k, view) && waiting.length < 0)',
    'I11',
  ),
]

/** Whether its text still stands in the source, once. */
export function stands({ file, find }: Mutant): boolean {
  return readFileSync(join(root, file), 'utf8').split(find).length === 2
}

/** Runs the model with the check taken away; resolves to what it said. */
export function runMutant(one: Mutant, runs: number, seed: number): Promise<{ found: boolean; out: string }> {
  const preload = pathToFileURL(join(root, 'test/support/without.ts')).href
  const model = ['--runs', String(runs), '--seed', String(seed)]
  const copy = /^(camera-agent\/src\/(serve|control|policy-store)|viewer)/.test(one.file) ? '?model' : ''
  const child = spawn(
    process.execPath,
    ['--import', preload, join(import.meta.dirname, 'main.ts'), ...model],
    {
      env: {
        ...process.env,
        WITHOUT_FILE: `${one.file}${copy}`,
        WITHOUT_TEXT: one.find,
        WITHOUT_REPLACEMENT: one.replace,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  let out = ''
  let errors = ''
  child.stdout.on('data', chunk => {
    out += chunk
  })
  child.stderr.on('data', chunk => {
    errors += chunk
  })
  return new Promise(resolve =>
    child.once('close', code => {
      const named = one.breaks.some(name => out.includes(`${name} does not hold`))
      resolve({ found: code === 1 && named, out: out || errors.slice(-500) })
    }),
  )
}
