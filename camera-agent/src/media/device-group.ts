import { lstatSync, type Stats } from 'node:fs'
import { SourceFault } from './source-status.ts'

/** Linux's number for video4linux devices (Documentation/admin-guide/devices.txt). */
const VIDEO_MAJOR = 81

/**
 * The group that may open the device, 0 when it is root's: what the process that reads it is left of the agent's rights.
 * @throws {SourceFault} `no_device` for anything but a video device itself
 */
export function deviceGroup(path: string): number {
  let stats: Stats
  try {
    stats = lstatSync(path)
  } catch {
    throw new SourceFault('no_device')
  }
  const major = Number((BigInt(stats.rdev) >> 8n) & 0xfffn)
  if (!stats.isCharacterDevice() || major !== VIDEO_MAJOR) throw new SourceFault('no_device')
  return stats.gid
}
