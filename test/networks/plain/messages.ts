/** What goes over the plain pair's signaling: simple-peer's own signals, from and to a socket. */
export type Signal =
  | { type: 'offer' | 'answer'; sdp: string }
  | { type: 'candidate'; candidate: { candidate?: string; sdpMid?: string; sdpMLineIndex?: number } }
export type FromViewer = { from: string; data: Signal }
export type ToViewer = { to: string; data: Signal }

export type IceServer = { urls: string; username?: string; credential?: string }
