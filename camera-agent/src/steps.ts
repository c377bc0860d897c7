import { channel } from 'node:diagnostics_channel'

/** Named steps of everything that must survive a crash, published for observers. Nothing here carries content. */
export const STEPS = [
  'pair.first.accepted',
  'pair.third.accepted',
  'file.temp.written',
  'file.temp.synced',
  'file.renamed',
  'file.folder.synced',
  'pair.committed',
  'pair.acked',
  'policy.accepted',
  'policy.committed',
  'policy.acked',
  'redeem.accepted',
  'redeem.committed',
  'redeem.acked',
  'log.segment.made',
  'log.line.begun',
  'log.line.written',
  'log.line.synced',
  'log.folder.synced',
  'log.line.kept',
  'reset.accepted',
  'reset.key.replaced',
  'reset.log.erased',
  'reset.state.erased',
  'reset.done',
  'reset.acked',
] as const
export type Step = (typeof STEPS)[number]

export const STEP_CHANNEL = 'ownsight:step'
const steps = channel(STEP_CHANNEL)

export const step = (name: Step): void => steps.publish(name)
