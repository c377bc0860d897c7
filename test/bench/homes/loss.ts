import { Socket } from 'node:dgram'

/** From now on this process's UDP sockets lose this share of what they send; `random` is seeded. */
export function loseDatagrams(share: number, random: () => number): void {
  const send = Socket.prototype.send
  Socket.prototype.send = function (this: Socket, ...args: unknown[]) {
    if (random() >= share) return Reflect.apply(send, this, args)
    const done = args.at(-1)
    if (typeof done === 'function') process.nextTick(done, null, 0)
  } as typeof send
}
