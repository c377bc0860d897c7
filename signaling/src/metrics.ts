import { VERSION } from '@ownsight/protocol/version'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

export type Metrics = ReturnType<typeof createMetrics>

/** prom-client names these three gauges like counters, which promtool refuses. */
const MISNAMED = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
]

/** Everything this server counts. Labels come from closed lists: never an id, a name or an address. */
export function createMetrics() {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  for (const name of MISNAMED) registry.removeSingleMetric(name)
  const registers = [registry]
  const counter = <L extends string>(name: string, help: string, ...labelNames: L[]) =>
    new Counter({ name: `signaling_${name}`, help, labelNames, registers })
  const gauge = <L extends string>(name: string, help: string, ...labelNames: L[]) =>
    new Gauge({ name: `signaling_${name}`, help, labelNames, registers })
  const histogram = <L extends string>(name: string, help: string, buckets: number[], ...labelNames: L[]) =>
    new Histogram({ name: `signaling_${name}`, help, labelNames, buckets, registers })

  gauge('build_info', 'Always 1; the version stands in the label.', 'version').set({ version: VERSION }, 1)
  const metrics = {
    registry,
    connections: gauge(
      'connections',
      'Open sockets by role; pending ones have not authenticated yet.',
      'role',
    ),
    relayed: counter(
      'relay_messages_total',
      'Messages relayed to a camera, by what came of it.',
      'kind',
      'result',
    ),
    relaySeconds: histogram(
      'relay_duration_seconds',
      'From a request to its reply, the camera included.',
      doubling(0.0005, 14),
      'kind',
    ),
    authSeconds: histogram('auth_duration_seconds', 'Checking who is there.', doubling(0.0005, 14), 'method'),
    authFailures: counter('auth_failures_total', 'Refused sign-ins and socket authentications.', 'reason'),
    refused: counter('refused_total', 'Everything else turned away.', 'reason'),
    passwordQueue: gauge('argon2_queue_depth', 'Passwords waiting for a hashing slot.'),
    pairingSeconds: histogram(
      'pairing_duration_seconds',
      'From the first pairing message to the last.',
      doubling(0.1, 14),
    ),
    commitSeconds: histogram('store_commit_duration_seconds', 'One durable write.', doubling(0.0001, 14)),
    sessions: counter(
      'sessions_ended_total',
      'Live views that have ended, as cameras tell, by the way the picture took.',
      'way',
    ),
    relaysLent: counter('relays_lent_total', 'Credentials for the relay given to devices.'),
    logDropped: counter('log_dropped_total', 'Routed messages that the log could not keep.'),
    mixedUp: counter(
      'mixed_up_total',
      'Messages that went to, or came from, another device than they name.',
      'kind',
    ),
    replaced: counter(
      'replaced_sockets_total',
      'Cameras whose key connected again, and viewers that were one too many for their account.',
      'role',
    ),
  }
  for (const role of ['pending', 'viewer', 'camera', 'unpaired']) metrics.connections.set({ role }, 0)
  return metrics
}

const doubling = (first: number, count: number): number[] =>
  Array.from({ length: count }, (_, i) => first * 2 ** i)
