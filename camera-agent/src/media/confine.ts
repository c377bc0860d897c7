import { isMainThread } from 'node:worker_threads'

/** Range of user ids that nobody uses, wide enough for one of its own for every process id (systemd, UIDS-GIDS.md). */
const FIRST_OWN_UID = 0x7000_0000
/** Range that systemd sets aside for short-lived services, for containers that know no higher ones. */
const FIRST_UID = 61_184
const UIDS = 4096

/**
 * Gives up root for a user of this process's own, for good; where the agent runs unprivileged there is nothing
 * to give up. Where ids go so far no two such processes are one user: none can signal or trace another. `groups`
 * are those that may open a device, and no other is kept. Called after every module is loaded and before the first byte of a source is read.
 */
export function confine(groups: readonly number[] = []): void {
  if (!isMainThread || process.getuid?.() !== 0) return
  process.setgroups?.(groups.filter(group => Number.isSafeInteger(group) && group > 0))
  const id = setId(FIRST_OWN_UID + process.pid) ?? setId(FIRST_UID + (process.pid % UIDS))
  if (
    id === undefined ||
    process.getuid?.() !== id ||
    process.geteuid?.() !== id ||
    process.getegid?.() !== id
  )
    throw new Error('this process is still root')
}

/** The group first: without root there is no way to it any more. */
function setId(id: number): number | undefined {
  try {
    process.setgid?.(id)
    process.setuid?.(id)
    return id
  } catch {
    return undefined
  }
}

/** Ends with the agent: its death closes the channel. SIGKILL, because an orderly exit waits for FFmpeg's reads. */
export function dieWithParent(): void {
  const die = () => process.kill(process.pid, 'SIGKILL')
  process.once('disconnect', die)
  if (!process.connected) die()
}
