import type { KeyPair } from '@ownsight/protocol/ids'
import type { SignalingClient } from '../../../viewer/src/signaling-client.ts'
import { until } from '../../support/wait.ts'
import type { Page } from './view.ts'

/** A device's connection to signaling, and what it was told of cameras. */
export type Client = {
  readonly signaling: SignalingClient
  /** what the server pushed last for a camera that is connected */
  beacon(camId: string): string | undefined
  online(): Promise<unknown>
}

const PATIENCE_MS = 60_000

export function connectDevice(page: Page, auth: KeyPair): Client {
  const beacons = new Map<string, string | undefined>()
  let isOnline = false
  const signaling = page.connectSignaling({
    auth,
    onConnection: state => {
      isOnline = state === 'online'
    },
    onPresence: ({ cam, online, beacon }) => beacons.set(cam, online ? beacon : undefined),
  })
  return {
    signaling,
    beacon: camId => beacons.get(camId),
    online: () => until(() => isOnline, { timeout: PATIENCE_MS, what: 'a connection to signaling' }),
  }
}
