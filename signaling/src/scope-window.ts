import type { DatabaseSync } from 'node:sqlite'
import { SignalingError } from './signaling-error.ts'

/** What is asked about: times are milliseconds since the epoch, `to` is not included. */
export type Window = { from: number; to: number; build?: string; instance?: string; integration?: string }

/** One run of one server that fits the question. */
export type Run = {
  id: number
  build: string
  instance: string
  integration: string
  started: number
  seen: number
  stopped: number | null
}

/** A date alone is its midnight, and a time without a zone is UTC: the same question has the same answer everywhere. */
const ISO = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})?)?$/

/** @throws SignalingError naming the option */
export function parseTime(option: string, value: string | undefined): number {
  if (value === undefined)
    throw new SignalingError(option, `Say --${option} TIME, such as 2026-11-20T14:00:00Z.`)
  const time = ISO.test(value)
    ? Date.parse(/[Z+]|-\d{2}:\d{2}$|^.{10}$/.test(value) ? value : `${value}Z`)
    : Number.NaN
  if (Number.isNaN(time))
    throw new SignalingError(option, `--${option}: ${value} is no time. Write it like 2026-11-20T14:00:00Z.`)
  return time
}

/** @throws SignalingError */
export function checkWindow(window: Window): Window {
  if (window.to <= window.from) throw new SignalingError('to', '--to must be later than --from.')
  return window
}

/** The runs that were there in the window, as far as they fit. */
export function runsOf(log: DatabaseSync, window: Window): Run[] {
  const all = log
    .prepare('SELECT id, build, instance, integration, started, seen, stopped FROM runs ORDER BY id')
    .all() as Run[]
  const fits = (wanted: string | undefined, is: string) => wanted === undefined || wanted === is
  return all.filter(
    run =>
      run.started < window.to &&
      // It may have done something that it had no time to write.
      run.seen + UNWRITTEN_MS >= window.from &&
      fits(window.build, run.build) &&
      fits(window.instance, run.instance) &&
      fits(window.integration, run.integration),
  )
}

/** A run writes what it routed within this time, or says that it is alive. */
export const UNWRITTEN_MS = 120_000
