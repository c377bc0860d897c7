import { randomBytes } from 'node:crypto'
import { type KeyPair, keyId } from '@ownsight/protocol/ids'
import { openDatabase } from '@ownsight/signaling/store/database'
import { connectViewer, type Owner } from '../../support/owner.ts'
import { keyPairOf, type MadeHome } from './make-home.ts'

/** An account for each home, written straight into the store: signing up is limited per address, and is not measured. */
export async function enrol(data: string, homes: readonly (MadeHome & { name: string })[]): Promise<void> {
  const db = openDatabase(data)
  const created = Math.floor(Date.now() / 1000)
  try {
    for (const { name, camId, key, camAuth, viewerAuth } of homes) {
      const account = randomBytes(16).toString('base64url')
      const device = { x: viewerAuth.x ?? '', y: viewerAuth.y ?? '' }
      await db.insertInto('accounts').values({ id: account, name, password: null, created }).execute()
      await db
        .insertInto('devices')
        .values({ key: await keyId(device), account, ...device, created })
        .execute()
      const row = {
        id: camId,
        account,
        auth: await keyId(camAuth),
        ...camAuth,
        created,
        cam_x: key.x,
        cam_y: key.y,
      }
      await db.insertInto('cameras').values(row).execute()
    }
  } finally {
    await db.destroy()
  }
}

/** The home's one viewer, connected. */
export async function openOwner(origin: string, home: MadeHome): Promise<Owner> {
  const [view, auth, admin] = (await Promise.all(
    [home.view, home.viewerAuth, home.admin].map(keyPairOf),
  )) as [KeyPair, KeyPair, KeyPair]
  const socket = await connectViewer(origin, auth)
  // As the viewer does: whom the server sends away, after a challenge that went astray, comes back.
  socket.on('disconnect', reason => {
    if (reason === 'io server disconnect') setTimeout(() => socket.connect(), 500 + Math.random() * 500)
  })
  const request = async () => {
    throw new Error('this viewer has no web session')
  }
  return { origin, root: admin, admin, view, auth, socket, request, close: () => socket.disconnect() }
}
