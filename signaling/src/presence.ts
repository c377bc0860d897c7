import type { Presence as PresenceEvent } from '@ownsight/protocol/events'
import type { DeviceSocket } from './sockets.ts'

/**
 * Which cameras and viewers are connected, by the key each proved on its own socket. A beacon lives on the socket it
 * came over and is gone with it: nothing here outlives a connection.
 */
export type Presence = {
  camera(id: string): DeviceSocket | undefined
  read(id: string): PresenceEvent
  cameraIn(id: string, account: string, socket: DeviceSocket): void
  cameraOut(id: string, account: string, socket: DeviceSocket): void
  beacon(id: string, account: string, socket: DeviceSocket, beacon: string): void
  /** Tells this account's viewers too when the camera comes and goes, while any is connected. */
  follow(id: string, account: string): void
  unfollow(id: string, account: string): void
  viewerIn(account: string, socket: DeviceSocket): void
  viewerOut(account: string, socket: DeviceSocket): void
  /** Disconnects every device of the account: what they proved is no longer true. */
  dropViewers(account: string): void
}

/** Tabs and telephones of one household; each is told of every camera, so that their number is bounded. */
const VIEWERS_PER_ACCOUNT = 64

export function createPresence(onReplaced: (role: 'camera' | 'viewer') => void): Presence {
  const cameras = new Map<string, DeviceSocket>()
  const viewers = new Map<string, Set<DeviceSocket>>()
  const guests = new Map<string, Set<string>>()

  const read = (id: string): PresenceEvent => {
    const socket = cameras.get(id)
    const beacon = socket?.data.beacon
    return { cam: id, online: socket !== undefined, ...(beacon ? { beacon } : {}) }
  }
  const announce = (id: string, account: string): void => {
    for (const each of new Set([account, ...(guests.get(id) ?? [])]))
      for (const viewer of viewers.get(each) ?? []) viewer.emit('presence', read(id))
  }
  return {
    camera: id => cameras.get(id),
    read,
    cameraIn(id, account, socket) {
      // One key, one connection: the newest is the one whose challenge was answered last.
      const before = cameras.get(id)
      Object.assign(socket.data, { account, cam: id })
      cameras.set(id, socket)
      if (before) {
        onReplaced('camera')
        before.disconnect(true)
      }
      announce(id, account)
    },
    cameraOut(id, account, socket) {
      if (cameras.get(id) !== socket) return
      cameras.delete(id)
      announce(id, account)
    },
    beacon(id, account, socket, beacon) {
      socket.data.beacon = beacon
      if (cameras.get(id) === socket) announce(id, account)
    },
    follow(id, account) {
      guests.set(id, (guests.get(id) ?? new Set()).add(account))
      for (const viewer of viewers.get(account) ?? []) viewer.emit('presence', read(id))
    },
    unfollow(id, account) {
      const mine = guests.get(id)
      mine?.delete(account)
      if (mine?.size === 0) guests.delete(id)
    },
    viewerIn(account, socket) {
      socket.data.account = account
      const mine = viewers.get(account) ?? new Set()
      viewers.set(account, mine.add(socket))
      const [oldest] = mine
      if (mine.size <= VIEWERS_PER_ACCOUNT || !oldest) return
      onReplaced('viewer')
      oldest.disconnect(true)
    },
    dropViewers: account => {
      for (const viewer of viewers.get(account) ?? []) viewer.disconnect(true)
    },
    viewerOut(account, socket) {
      const mine = viewers.get(account)
      mine?.delete(socket)
      if (mine?.size !== 0) return
      viewers.delete(account)
      for (const [id, accounts] of guests)
        if (accounts.delete(account) && accounts.size === 0) guests.delete(id)
    },
  }
}
