import type { DatabaseSync } from 'node:sqlite'
import { randomBytes, randomId, toBase64url } from '@ownsight/protocol/bytes'
import { seal } from '@ownsight/protocol/envelope'
import { generateKeyPair, type KeyPair } from '@ownsight/protocol/ids'
import type { Counters } from '@ownsight/protocol/messages'
import { type Heads, startHeads } from '@ownsight/signaling/heads'
import { LOG_FILE, LOG_MIGRATIONS } from '@ownsight/signaling/routed-log-schema'
import {
  openRowWriter,
  type Row,
  type RowWriter,
  type Session,
  sidBytes,
} from '@ownsight/signaling/routed-log-writer'
import { type Database, openDatabase, openFile } from '@ownsight/signaling/store/database'
import { removeTemp, tempFolder } from './temp.ts'

/** A server's log as a story: cameras that exist, sessions that were routed, heads that were signed, at told times. */
export type ScopeLog = {
  folder: string
  log: DatabaseSync
  camera(): Promise<KeyPair>
  run(started: number, build?: string, instance?: string, integration?: string): RowWriter
  /** An offer and what came back, 40 ms later. */
  session(
    run: RowWriter,
    t: number,
    told: { cam: string; reached?: string; result?: string; reply?: string },
  ): string
  /** The head the camera signed and published at this time; `place` tells one of its own. */
  head(
    cam: KeyPair,
    t: number,
    i: number,
    c?: Partial<Counters>,
    place?: { h?: string; signed?: number },
  ): Promise<void>
  close(): Promise<void>
}

export function openScopeLog(): ScopeLog {
  const folder = tempFolder('scope')
  const db: Database = openDatabase(folder)
  const log = openFile(folder, LOG_FILE, LOG_MIGRATIONS)
  const keys = new Map<string, string>()
  let time = 0
  const refused = { inc: () => undefined } as unknown as Parameters<typeof startHeads>[2]['refused']
  const open = (): Heads => startHeads(db, log, { refused }, () => time)
  return {
    folder,
    log,
    async camera() {
      const key = await generateKeyPair()
      const account = randomId()
      await db
        .insertInto('accounts')
        .values({ id: account, name: account, password: null, created: 1 })
        .execute()
      const { x, y } = key.publicKey
      const row = { id: key.id, account, auth: randomId(), x, y, created: 1, cam_x: x, cam_y: y }
      await db.insertInto('cameras').values(row).execute()
      return key
    },
    run: (started, build = '0.1.0', instance = randomId().slice(0, 8), integration = 'own') =>
      openRowWriter(log, { build, instance, integration }, started),
    session(run, t, { cam, reached = cam, result = 'sent', reply = 'answer' }) {
      const sid = randomId()
      const session: Session = {
        sid: sidBytes(sid),
        asked: cam,
        first: t,
        last: t,
        fromPseud: 1,
        messages: 0,
        suspect: false,
        result: '',
      }
      const common = {
        fromConn: 1,
        toConn: 2,
        fromPseud: 1,
        toPseud: 2,
        asked: cam,
        reached,
        session,
        size: 100,
      }
      const suspect = reached !== cam || result !== 'sent'
      const rows: Row[] = [
        { ...common, t, typ: 'offer', result, suspect },
        { ...common, t: t + 40, typ: reply, result: 'passed', suspect: reached !== cam },
      ]
      if (!run.write(rows)) throw new Error('not written')
      return sid
    },
    async head(cam, t, i, c = {}, place = {}) {
      time = t
      const known = place.h ?? keys.get(`${cam.id} ${i}`) ?? toBase64url(randomBytes(32))
      keys.set(`${cam.id} ${i}`, known)
      const counters = { live: 0, ended: 0, foreign: 0, refused: {}, ...c }
      const iat = Math.floor((place.signed ?? t) / 1000)
      const jws = await seal('os1-head', { v: 1, iss: cam.id, i, h: known, iat, c: counters }, cam.sign)
      const heads = open()
      await heads.keep(cam.id, jws)
      heads.close()
    },
    async close() {
      log.close()
      await db.destroy()
      removeTemp(folder)
    },
  }
}
