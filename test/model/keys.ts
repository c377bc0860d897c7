import { generateKeyPair, type KeyPair } from '@ownsight/protocol/ids'

/** Keys are made once and used in every run: a run needs other keys than its neighbours, not other ones than the last. */
export type KeyRing = {
  readonly cams: readonly KeyPair[]
  readonly roots: readonly KeyPair[]
  readonly admins: readonly KeyPair[]
  readonly views: readonly KeyPair[]
}

const several = (count: number): Promise<KeyPair[]> =>
  Promise.all(Array.from({ length: count }, () => generateKeyPair(true)))

export async function makeKeys(): Promise<KeyRing> {
  const [cams, roots, admins, views] = await Promise.all([several(12), several(3), several(6), several(8)])
  return { cams, roots, admins, views }
}
