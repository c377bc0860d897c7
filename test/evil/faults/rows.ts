import type { Packet } from '../link.ts'
import type { Fault, World } from '../world.ts'
import { exchangeResponses } from './exchange.ts'

/** Two rows of the database change places. Those that undo themselves may be chosen at random. */

const isOffer = ({ direction, event, is }: Packet): boolean =>
  direction === 'up' && is === 'event' && event === 'offer'

export const swapCameraRows: Fault = {
  what: 'for a moment two cameras stand in each other’s accounts',
  packet(packet, world) {
    if (!isOffer(packet)) return undefined
    const all = world.rows.cameras()
    const mine = all.find(({ id }) => id === (packet.body as { cam?: string }).cam)
    const other = mine && world.pick(all.filter(({ account }) => account !== mine.account))
    if (!mine || !other) return undefined
    world.rows.swapCameras(mine.id, other.id)
    world.later(200, () => world.rows.swapCameras(mine.id, other.id))
    return [packet]
  },
}

export const swapDeviceRows: Fault = {
  what: 'two viewer devices stand in each other’s accounts when they next connect',
  lasting: true,
  packet(packet, world) {
    if (packet.event !== 'auth' || packet.is !== 'event') return undefined
    const keys = devices(world)
    const mine = keys.find(key => key === packet.link.key)
    const account = mine && world.rows.accountOfDevice(mine)
    const other = world.pick(keys.filter(key => world.rows.accountOfDevice(key) !== account))
    if (!mine || !other || account === undefined) return undefined
    world.rows.swapDevices(mine, other)
    return [packet]
  },
}

/** Auth keys seen in /viewer that the database knows. */
const devices = (world: World): string[] =>
  [...new Set(world.bag.filter(({ event }) => event === 'auth').map(({ link }) => link.key ?? ''))].filter(
    key => world.rows.accountOfDevice(key) !== undefined,
  )

export const swapRosters = (): Fault => ({
  what: 'two accounts are given each other’s sealed camera lists',
  lasting: true,
  response: exchangeResponses(({ method, url }) => method === 'GET' && url === '/api/roster'),
})
