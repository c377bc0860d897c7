import { generateKeyPair, type KeyPair } from '@ownsight/protocol/ids'

/** Keys are made once and used in every run: a run needs other keys than its neighbours, not other ones than the last. */
export type KeyRing = {
  readonly cams: readonly KeyPair[]
  readonly roots: readonly KeyPair[]
  readonly admins: readonly KeyPair[]
  readonly views: readonly KeyPair[]
  /** the keys that travel in links */
  readonly invites: readonly KeyPair[]
}

const several = (count: number): Promise<KeyPair[]> =>
  Promise.all(Array.from({ length: count }, () => generateKeyPair(true)))

export async function makeKeys(): Promise<KeyRing> {
  const [cams, roots, admins, views, invites] = await Promise.all([12, 3, 6, 9, 4].map(several))
  if (!cams || !roots || !admins || !views || !invites) throw new Error('no keys')
  return { cams, roots, admins, views, invites }
}
