import { isMainThread } from 'node:worker_threads'

/** Range of user ids that systemd sets aside for short-lived services; no account has one. */
const FIRST_UID = 61_184
const UIDS = 4096

/**
 * Gives up root for a user of this process's own, for good; where the agent runs unprivileged there is nothing
 * to give up. Called after every module is loaded and before the first byte of a source is read.
 */
export function confine(): void {
  if (!isMainThread || process.getuid?.() !== 0) return
  const id = FIRST_UID + (process.pid % UIDS)
  process.setgroups?.([])
  process.setgid?.(id)
  process.setuid?.(id)
  if (process.getuid?.() !== id || process.geteuid?.() !== id || process.getegid?.() !== id)
    throw new Error('this process is still root')
}

/** Ends with the agent: its death closes the channel. SIGKILL, because an orderly exit waits for FFmpeg's reads. */
export function dieWithParent(): void {
  const die = () => process.kill(process.pid, 'SIGKILL')
  process.once('disconnect', die)
  if (!process.connected) die()
}
