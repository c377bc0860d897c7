import type { FromReceivers, ToReceivers } from './messages.ts'
import { createReceiver, type Receiver } from './receiver.ts'

/** All viewers of one run in one process of their own; told and asked by IPC. */
const FEEDBACK_MS = 100
const REPORT_EVERY = 10

const receivers = new Map<number, Receiver>()
const say = (message: FromReceivers): void => void process.send?.(message)

/** One tenth of a second's feedback, spread over the viewers: browsers do not tell all at once. */
let turn = 0
setInterval(() => {
  turn++
  for (const receiver of receivers.values())
    if (receiver.id % REPORT_EVERY === turn % REPORT_EVERY)
      receiver.feedback(((turn / REPORT_EVERY) | 0) % REPORT_EVERY === 0)
}, FEEDBACK_MS / REPORT_EVERY)

process.on('message', async (message: ToReceivers) => {
  if (message.do === 'offer') {
    const { id } = message
    const receiver = await createReceiver(id, () => say({ is: 'connected', id }))
    receivers.set(id, receiver)
    say({ is: 'offer', id, sdp: receiver.offer })
  }
  if (message.do === 'answer') await receivers.get(message.id)?.answer(message.sdp)
  if (message.do === 'drop') {
    await receivers.get(message.id)?.close()
    receivers.delete(message.id)
  }
  if (message.do === 'count')
    say({ is: 'count', viewers: [...receivers.values()].map(each => each.counted()) })
})
process.on('disconnect', () => process.exit())
