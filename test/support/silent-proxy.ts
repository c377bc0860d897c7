import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** TCP in front of a server on loopback, whose connections can fall silent without ending, as after a change of address. */
export type SilentProxy = {
  readonly port: number
  /** connections taken so far */
  opened(): number
  /** clients that connected in the dark and have not gone */
  waiting(): number
  /** From now on nothing passes over the connections there are; new ones work. */
  silence(): void
  /** Nor over new ones, until `mend`. */
  blackout(): void
  mend(): void
  /** Ends the connections there are, both ways. */
  drop(): void
  close(): Promise<void>
}

type Pair = { sockets: Socket[]; isSilent: boolean; isBorn: 'in the dark' | 'in the light'; isGone: boolean }

export async function silentProxy(target: number): Promise<SilentProxy> {
  const pairs: Pair[] = []
  let isDark = false
  const server = createServer(client => {
    const upstream = connect(target, '127.0.0.1')
    const isBorn = isDark ? 'in the dark' : 'in the light'
    const pair: Pair = { sockets: [client, upstream], isSilent: isDark, isBorn, isGone: false }
    pairs.push(pair)
    client.once('close', () => {
      pair.isGone = true
    })
    if (isDark) client.resume()
    // The server answers for its own address only.
    const here = `127.0.0.1:${(server.address() as AddressInfo).port}`
    client.once('data', head => {
      if (pair.isSilent) return
      upstream.write(head.toString('latin1').replace(here, `127.0.0.1:${target}`), 'latin1')
      client.on('data', chunk => void (pair.isSilent || upstream.write(chunk)))
    })
    upstream.on('data', chunk => void (pair.isSilent || client.write(chunk)))
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      from.on('error', () => undefined)
      from.on('close', () => void (pair.isSilent || to.destroy()))
    }
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const silence = (): void => {
    for (const pair of pairs) pair.isSilent = true
  }
  return {
    port: (server.address() as AddressInfo).port,
    opened: () => pairs.length,
    waiting: () => pairs.filter(each => each.isBorn === 'in the dark' && !each.isGone).length,
    silence,
    blackout() {
      isDark = true
      silence()
    },
    mend() {
      isDark = false
    },
    drop() {
      for (const { sockets } of pairs) for (const socket of sockets) socket.destroy()
    },
    async close() {
      for (const { sockets } of pairs) for (const socket of sockets) socket.destroy()
      await new Promise(resolve => server.close(resolve))
    },
  }
}
