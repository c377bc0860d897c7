import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** Who listens on a TCP port of this machine, as "name (process N)"; undefined where that cannot be seen. Linux only. */
export function portHolder(port: number): string | undefined {
  try {
    const inodes = listeningInodes(port)
    const pid = readdirSync('/proc').find(entry => /^\d+$/.test(entry) && holds(entry, inodes))
    return pid === undefined ? undefined : `${processName(pid)} (process ${pid})`
  } catch {
    return undefined
  }
}

/** Columns of /proc/net/tcp: local address, state 0A = LISTEN, inode (proc(5)). */
function listeningInodes(port: number): Set<string> {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0')
  const rows = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap(file =>
    readFileSync(file, 'utf8').split('\n').slice(1),
  )
  const columns = rows.map(row => row.trim().split(/\s+/))
  const listening = columns.filter(([, local, , state]) => state === '0A' && local?.endsWith(`:${wanted}`))
  return new Set(listening.map(row => row[9] ?? ''))
}

function holds(pid: string, inodes: Set<string>): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some(fd => {
      const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1]
      return inode !== undefined && inodes.has(inode)
    })
  } catch {
    return false
  }
}

const processName = (pid: string): string => readFileSync(`/proc/${pid}/comm`, 'utf8').trim()
