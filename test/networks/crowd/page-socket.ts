import { io as connect, type ManagerOptions, type SocketOptions } from 'socket.io-client'

/** As in a page of `location`: what it opens is of that origin, and says so. */
export const io = (path: string, options: Partial<ManagerOptions & SocketOptions>) =>
  connect(`${location.origin}${path}`, { ...options, extraHeaders: { origin: location.origin } })
