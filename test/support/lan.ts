import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createNetwork, type Network } from './namespaces.ts'

/**
 * One home network: a namespace per host on one switch. The router answers and leads nowhere, so that a packet for
 * somewhere else is sent and counted, and reaches nobody.
 * It is also the name server the hosts ask, and knows no name.
 * @param hosts name to IPv4 address, all in one /24 and none its .1, which is the router's
 * @param names what each host's /etc/hosts says, name to address
 */
export function createLan(hosts: Record<string, string>, names: Record<string, string> = {}): Network {
  const router = `${Object.values(hosts)[0]?.replace(/\.\d+$/, '')}.1/24`
  const network = createNetwork({
    namespaces: ['switch', ...Object.keys(hosts)],
    links: Object.entries(hosts).map(([host, address]) => ({ switch: router, [host]: `${address}/24` })),
  })
  const files = Object.keys(hosts).map(host => join('/etc/netns', network.nameOf(host)))
  const close = (): void => {
    for (const folder of files) rmSync(folder, { recursive: true, force: true })
    network.close()
  }
  try {
    network.run('switch', 'ip', 'link', 'add', 'br0', 'type', 'bridge')
    Object.keys(hosts).forEach((_, index) => {
      network.run('switch', 'ip', 'addr', 'flush', 'dev', `eth${index}`)
      network.run('switch', 'ip', 'link', 'set', `eth${index}`, 'master', 'br0')
    })
    network.run('switch', 'ip', 'addr', 'add', router, 'dev', 'br0')
    network.run('switch', 'ip', 'link', 'set', 'br0', 'up')
    const lines = Object.entries(names).map(([name, address]) => `${address} ${name}\n`)
    for (const folder of files) {
      mkdirSync(folder, { recursive: true })
      // `ip netns exec` mounts what is in this folder over /etc
      writeFileSync(join(folder, 'resolv.conf'), `nameserver ${router.replace('/24', '')}\n`)
      writeFileSync(join(folder, 'hosts'), `127.0.0.1 localhost\n${lines.join('')}`)
    }
  } catch (error) {
    close()
    throw error
  }
  return { ...network, close }
}
