import { dlopen, getInt32 } from 'node:ffi'
import { closeSync, constants, openSync, readdirSync } from 'node:fs'

/** The few kernel calls that Node itself has no door to. Only for a process of its own: they block. */
const { functions: libc } = dlopen('libc.so.6', {
  setns: { arguments: ['int32', 'int32'], return: 'int32' },
  ioctl: { arguments: ['int32', 'uint64', 'buffer'], return: 'int32' },
  read: { arguments: ['int32', 'buffer', 'uint64'], return: 'int64' },
  write: { arguments: ['int32', 'buffer', 'uint64'], return: 'int64' },
  ppoll: { arguments: ['buffer', 'uint64', 'buffer', 'pointer'], return: 'int32' },
  socket: { arguments: ['int32', 'int32', 'int32'], return: 'int32' },
  sched_setscheduler: { arguments: ['int32', 'int32', 'buffer'], return: 'int32' },
  __errno_location: { arguments: [], return: 'pointer' },
})

const CLONE_NEWNET = 0x40000000
const TUNSETIFF = 0x400454can
const [IFF_TUN, IFF_NO_PI] = [0x0001, 0x1000]
const POLLIN = 0x0001

const errno = (): number => getInt32(libc.__errno_location())

function checked(result: number, what: string): number {
  if (result < 0) throw new Error(`${what}: error ${errno()} of the system (errno)`)
  return result
}

/** Runs `work`, which must not wait for anything, with this thread in a network namespace. */
export function inNamespace<T>(namespace: string, work: () => T): T {
  const own = openSync('/proc/thread-self/ns/net', 'r')
  const other = openSync(`/run/netns/${namespace}`, 'r')
  try {
    checked(libc.setns(other, CLONE_NEWNET), `entering the namespace ${namespace}`)
    return work()
  } finally {
    checked(libc.setns(own, CLONE_NEWNET), 'leaving a namespace')
    closeSync(own)
    closeSync(other)
  }
}

/**
 * A new network device whose packets come out of a file. It goes when the file is closed.
 * @returns the file's descriptor; a read of it gives one IP packet, and never waits
 */
export function openTun(namespace: string, device: string): number {
  return inNamespace(namespace, () => {
    const file = openSync('/dev/net/tun', constants.O_RDWR | constants.O_NONBLOCK)
    const request = Buffer.alloc(40)
    request.write(device, 0, 15, 'latin1')
    request.writeUInt16LE(IFF_TUN | IFF_NO_PI, 16)
    checked(libc.ioctl(file, TUNSETIFF, request), `making the device ${device} in ${namespace}`)
    return file
  })
}

/** @returns bytes read, 0 at the end, -1 when there is nothing now */
export const read = (file: number, into: Buffer): number => Number(libc.read(file, into, BigInt(into.length)))

/** @returns whether the kernel took it */
export const write = (file: number, bytes: Buffer): boolean =>
  Number(libc.write(file, bytes, BigInt(bytes.length))) === bytes.length

/** Waits on a fixed set of files. */
export type Poll = {
  /**
   * @param milliseconds at most; Infinity: for ever
   * @returns for each file whether it can be read (or has ended)
   */
  wait(milliseconds: number): readonly boolean[]
}

export function createPoll(files: readonly number[]): Poll {
  const set = Buffer.alloc(8 * files.length)
  files.forEach((file, i) => {
    set.writeInt32LE(file, 8 * i)
    set.writeInt16LE(POLLIN, 8 * i + 4)
  })
  const time = Buffer.alloc(16)
  return {
    wait(milliseconds) {
      const nanoseconds = BigInt(Math.max(0, Math.round(Math.min(milliseconds, 3_600_000) * 1e6)))
      time.writeBigInt64LE(nanoseconds / 1_000_000_000n, 0)
      time.writeBigInt64LE(nanoseconds % 1_000_000_000n, 8)
      libc.ppoll(set, BigInt(files.length), time, null)
      return files.map((_, i) => set.readInt16LE(8 * i + 6) !== 0)
    },
  }
}

const SCHED_RR = 2

/**
 * This process runs before all ordinary ones of the machine, where that is allowed (sched(7)). A niceness would not do:
 * it counts within a session only. Every thread, since the main one waits for helpers of the engine. The kernel keeps a
 * twentieth of the time for the others.
 */
export function takePrecedence(): boolean {
  const priority = Buffer.alloc(4)
  priority.writeInt32LE(1)
  const threads = readdirSync('/proc/self/task').map(Number)
  return threads.every(thread => libc.sched_setscheduler(thread, SCHED_RR, priority) === 0)
}

const [AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER] = [16, 3, 12]
/** NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_DELETE: without a tuple it deletes all (linux/netfilter/nfnetlink_conntrack.h). */
const CT_DELETE = 0x0102
const [NLM_F_REQUEST, NLM_F_ACK] = [0x1, 0x4]

/** Forgets every connection that a namespace tracks, as `conntrack -F` does: a NAT has lost its mappings. */
export function flushConntrack(namespace: string): void {
  const socket = inNamespace(namespace, () =>
    checked(libc.socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER), 'a netlink socket'),
  )
  try {
    const message = Buffer.alloc(20)
    message.writeUInt32LE(message.length, 0)
    message.writeUInt16LE(CT_DELETE, 4)
    message.writeUInt16LE(NLM_F_REQUEST | NLM_F_ACK, 6)
    const answer = Buffer.alloc(4096)
    if (!write(socket, message) || read(socket, answer) < 20) throw new Error('netlink does not answer')
    const error = answer.readInt32LE(16)
    if (error !== 0) throw new Error(`forgetting the connections of ${namespace}: errno ${-error}`)
  } finally {
    closeSync(socket)
  }
}
