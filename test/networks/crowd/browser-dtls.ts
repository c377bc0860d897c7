import { dtlsSocket, type Handshake, type Socket } from '@ownsight/camera-agent/rtc/guard/internals'
import { installRetransmission } from '@ownsight/camera-agent/rtc/guard/retransmission'

const CLIENT = 1

/**
 * Makes werift's DTLS client in this process as sturdy as a browser's: a flight that was lost is sent again soon, and a
 * message that comes twice is heard once. Unmended, a second HelloVerifyRequest ends the handshake: with a round trip as
 * long as the first wait that is every handshake.
 */
export function installBrowserDtls(): void {
  installRetransmission()
  const { prototype } = dtlsSocket()
  const original = prototype.setupExtensions
  prototype.setupExtensions = function setupExtensions(this: Socket) {
    original.call(this as never)
    if (this.sessionType !== CLIENT) return
    const heard = new Set<number>()
    let handle = this.onHandleHandshakes
    const once = async (messages: Handshake[]): Promise<void> => {
      const fresh = messages.filter(({ message_seq }) => !heard.has(message_seq))
      for (const { message_seq } of fresh) heard.add(message_seq)
      if (fresh.length > 0) await handle(fresh)
    }
    Object.defineProperty(this, 'onHandleHandshakes', {
      get: () => once,
      set: next => {
        handle = next
      },
    })
  }
}
