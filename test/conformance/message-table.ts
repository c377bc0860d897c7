import { schemas, type Typ } from '@ownsight/protocol/messages'

type Row = { signer: string; audience: string; freshness: string }

/** What the schemas cannot say: who signs a type, who it is for, and why an old one is of no use. */
const rows: { readonly [typ in Typ]: Row } = {
  'os1-auth': {
    signer: "the device's auth key",
    audience: 'the server named in origin',
    freshness: 'sn: issued on this socket, 30 s, one try',
  },
  'os1-bind': {
    signer: 'the camera key in it, whose thumbprint is iss',
    audience: 'the server named in origin',
    freshness: 'ticket: one use',
  },
  'os1-pair1': {
    signer: 'the admin key in it',
    audience: 'the camera that shows the code (MAC)',
    freshness: 'the code: ten minutes, one use',
  },
  'os1-pair2': {
    signer: 'the camera key in it, whose thumbprint is in the code',
    audience: 'the owner (MAC)',
    freshness: 'h1',
  },
  'os1-pair3': { signer: 'the admin key of message 1', audience: 'the camera (MAC)', freshness: 'h12' },
  'os1-pair4': { signer: 'the camera key of message 2', audience: 'the owner (MAC)', freshness: 'h123' },
  'os1-policy': {
    signer: 'an admin of the policy before, or root',
    audience: 'the camera named in cam',
    freshness: 'n and prev',
  },
  'os1-ack': { signer: 'the camera', audience: 'admins', freshness: 'n and ph' },
  'os1-beacon': {
    signer: 'the camera',
    audience: 'whoever pinned it',
    freshness: 'win is good for two windows',
  },
  'os1-offer': {
    signer: 'the view key',
    audience: 'aud: the camera',
    freshness: 'win, and each (iss, sid) once',
  },
  'os1-answer': { signer: 'the camera', audience: 'aud: the viewer', freshness: 'sid and oh' },
  'os1-refuse': { signer: 'the camera', audience: 'aud: the viewer', freshness: 'sid and oh' },
  'os1-redeem': {
    signer: 'the invite key; the view key in own',
    audience: 'aud: the camera',
    freshness: 'win, and one view key per invitation',
  },
  'os1-own': { signer: 'the view key in the redemption', audience: 'aud: the camera', freshness: 'win' },
  'os1-redeemed': {
    signer: 'the camera key in it, whose thumbprint is in the link',
    audience: 'aud: the guest',
    freshness: 'inv',
  },
  'os1-read': {
    signer: 'an admin of the policy, or root',
    audience: 'aud: the camera',
    freshness: 'none for a policy; th for the log',
  },
  'os1-status': { signer: 'the camera', audience: 'aud: the admin that asked', freshness: 'no' },
  'os1-release': {
    signer: 'an admin of the policy, or root',
    audience: 'aud: the camera',
    freshness: 'n and ph',
  },
  'os1-released': { signer: 'the camera', audience: 'aud: the admin that asked', freshness: 'ph' },
  'os1-head': { signer: 'the camera', audience: 'whoever pinned it', freshness: 'i only grows' },
  'os1-join1': { signer: 'the admin key in it', audience: 'the first device (MAC)', freshness: 'the code' },
  'os1-join2': {
    signer: 'the admin key in it, whose thumbprint is in the code',
    audience: 'the second device (MAC)',
    freshness: 'h1',
  },
  'os1-join3': { signer: 'the admin key of message 1', audience: 'the first device (MAC)', freshness: 'h12' },
  'os1-join4': {
    signer: 'the admin key of message 2',
    audience: 'the second device (MAC)',
    freshness: 'h123',
  },
  'os1-confirm': { signer: 'the view key', audience: 'aud: the camera', freshness: 'sid and th' },
}

/** The table of every type, its members read from the schemas. */
export function messageTable(): string {
  const lines = (Object.keys(schemas) as Typ[]).map(typ => {
    const entries: Record<string, { type: string }> = schemas[typ].entries
    const members = Object.entries(entries).map(([name, schema]) =>
      schema.type === 'optional' ? `${name}?` : name,
    )
    const { signer, audience, freshness } = rows[typ]
    return `| \`${typ}\` | ${members.join(', ')} | ${signer} | ${audience} | ${freshness} |`
  })
  return ['| type | members | signer | audience | freshness |', '|---|---|---|---|---|', ...lines].join('\n')
}
