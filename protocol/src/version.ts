import { PROTOCOL_VERSION } from './limits.ts'

export const VERSION = '0.1.0'
export const SUPPORTED_VERSIONS: readonly number[] = [PROTOCOL_VERSION]

type Party = 'signaling server' | 'camera agent' | 'viewer'

/**
 * One sentence that tells a person which program to update, or undefined when both speak a common version.
 * The older side is the one to update.
 */
export function versionConflict(theirs: readonly number[], them: Party, us: Party): string | undefined {
  if (theirs.some(version => SUPPORTED_VERSIONS.includes(version))) return undefined
  const older = Math.max(...theirs) < Math.max(...SUPPORTED_VERSIONS) ? them : us
  return older === 'viewer' ? 'Update the viewer: reload the page.' : `Update the ${older}.`
}
