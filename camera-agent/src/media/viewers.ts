import { type Choice, chooseTier } from './choose-tier.ts'
import type { Feed } from './feed.ts'
import type { Aim, Lane } from './lane.ts'
import type { Codec, MediaFrame } from './media-frame.ts'
import { demandOf, offersOf } from './offers.ts'
import { isOriginal } from './output.ts'
import { createRoute, type Route } from './route.ts'
import type { SoundCodec, SoundFrame } from './sound.ts'
import { createSoundHold } from './sound-hold.ts'
import type { Listener } from './sound-share.ts'
import { companyNeeds, pictureBudget, TIERS, targetRate } from './tier.ts'

const REVIEW_MS = 500
/** The first word about a link is a guess: whoever begins without a budget is judged by it only when it gets worse. */
const GRACE_MS = 700
const WORSE = 0.8
/** A smaller change of an encoder's rate is not worth its while. */
const RATE_STEP = 0.03
/** An encoder that takes less than this part of its rate would not take more if it had more, once it had time to. */
const TAKEN = 0.8
const TAKING_MS = 8000

type Viewer = {
  codec: Codec
  budget: number | undefined
  /** How high the viewer draws the picture, pixels; undefined until it has said so. */
  height?: number
  route: Route
  /** No other choice before this time, unless the budget falls below the first one. */
  decidedUntil: number
  guess?: number
  choice?: Choice<Aim>
  hears?: { listener: Listener; hold: ReturnType<typeof createSoundHold>; feed: Feed | undefined } | undefined
}

/** One viewer's listening, until it is closed. */
export type Hearing = {
  /** @param part of the packets that was lost lately, 0 to 1 */
  setLoss(part: number): void
  close(): void
}

/** The viewers of one camera, each on the lane that its link carries; the encoders follow the viewers they have. */
export function createViewers(main: Feed, sub: () => Feed | undefined) {
  const viewers = new Set<Viewer>()
  const raisedAt = new WeakMap<Lane, number>()
  let timer: NodeJS.Timeout | undefined
  const now = () => performance.now()

  /** What a place on the lane takes, so that the others on it are not held back. */
  const besideOthers = (viewer: Viewer, lane: Lane): number => {
    const { encoding, feed, meter, bps } = lane
    // Where there is not the time for every encoding, one more helps nobody.
    if (isPassed(lane) || !TIERS.every(feed.allows)) return 0
    const settled = now() - (raisedAt.get(lane) ?? Number.NEGATIVE_INFINITY) > TAKING_MS
    if (settled && (meter.rate() ?? bps) < TAKEN * bps) return 0
    const others = [...viewers].filter(each => each !== viewer && each.route.target() === lane)
    return companyNeeds(
      encoding.tier,
      others.map(({ budget }) => budget),
    )
  }
  /** However small its picture is, one who listens is not sent a stream that has no sound for that. */
  const heightOf = ({ height, hears }: Viewer) => (hears && isMute(sub()) ? undefined : height)
  const offersFor = (viewer: Viewer) => offersOf(viewer.codec, main, sub(), heightOf(viewer))
  /** Another stream for another size says nothing about the link: no climb has to be waited for. */
  const resize = (viewer: Viewer, change: () => void) => {
    const before = offersFor(viewer)[0]?.name
    change()
    if (offersFor(viewer)[0]?.name !== before) delete viewer.choice
  }
  const choose = (viewer: Viewer): { aim: Aim; falls: boolean } => {
    const offers = offersFor(viewer).map(({ name, needs }) => ({
      name,
      needs: Math.max(needs, besideOthers(viewer, name.lane)),
    }))
    const budget = viewer.budget === undefined ? undefined : pictureBudget(viewer.budget)
    const isFirst = viewer.choice === undefined
    const before = offers.findIndex(offer => offer.name === viewer.choice?.name)
    viewer.choice = chooseTier(budget, now(), viewer.choice, offers)
    const { name } = viewer.choice
    const isWorse = before < 0 || offers.findIndex(offer => offer.name === name) > before
    return { aim: name, falls: !isFirst && isWorse }
  }
  const decide = (viewer: Viewer) => {
    if (now() < viewer.decidedUntil) return
    const before = viewer.choice?.name
    const { aim, falls } = choose(viewer)
    if (aim === before) return
    const { lane } = aim
    viewer.route.setKeysOnly(aim.keysOnly ? () => viewer.budget : undefined)
    viewer.route.aim(lane, falls && !carries(viewer, viewer.route.sending()))
    if (viewer.route.waiting() === lane) lane.feed.requestKeyframe(lane)
  }
  /** What is asked of each encoder: at once when it has to give way, with the next review when it may take more. */
  const retune = (upToo: boolean) => {
    for (const feed of [main, sub()])
      for (const lane of feed?.lanes() ?? []) {
        const budgets = [...viewers].filter(each => each.route.target() === lane).map(each => each.budget)
        if (budgets.length === 0 || isPassed(lane)) continue
        const rate = targetRate(lane.encoding.tier, budgets)
        const change = rate / lane.bps - 1
        if (change > -RATE_STEP && !(upToo && change > RATE_STEP)) continue
        if (change > 0) raisedAt.set(lane, now())
        lane.feed.setRate(lane, rate)
      }
  }
  /** A viewer hears the stream that it sees. */
  const follow = ({ hears, route }: Viewer) => {
    const feed = (route.sending() ?? route.target())?.feed
    if (!hears || hears.feed === feed) return
    hears.feed?.hearing.leave(hears.listener)
    hears.hold.clear()
    hears.feed = feed
    feed?.hearing.join(hears.listener)
  }
  const deafen = (viewer: Viewer) => {
    viewer.hears?.feed?.hearing.leave(viewer.hears.listener)
    viewer.hears?.hold.clear()
    viewer.hears = undefined
  }
  const review = () => {
    main.rest()
    sub()?.rest()
    for (const viewer of viewers) {
      decide(viewer)
      const waiting = viewer.route.waiting()
      if (waiting?.begun) waiting.feed.requestKeyframe(waiting)
      follow(viewer)
    }
    retune(true)
  }
  const begin = (viewer: Viewer) => {
    const { aim } = choose(viewer)
    const { lane } = aim
    if (viewer.budget === undefined) viewer.decidedUntil = now() + GRACE_MS
    viewers.add(viewer)
    timer ??= setInterval(review, REVIEW_MS)
    const stopgap = bursts(viewer, lane) ? lane : nextRunning(viewer, lane)
    if (stopgap) viewer.route.begin(stopgap)
    if (stopgap !== lane) {
      viewer.route.aim(lane, false)
      if (lane.begun) lane.feed.requestKeyframe(lane)
    }
    if (aim.keysOnly) viewer.route.setKeysOnly(() => viewer.budget)
    follow(viewer)
    retune(false)
  }
  const drop = (viewer: Viewer) => {
    deafen(viewer)
    viewer.route.end()
    if (!viewers.delete(viewer) || viewers.size > 0) return
    clearInterval(timer)
    timer = undefined
  }
  return {
    /** A viewer that is sent nothing until its `begin`. */
    create: (codec: Codec, onFrame: (frame: MediaFrame) => void, budget: number | undefined) => {
      let open = true
      const route = createRoute(frame => open && onFrame(frame), now)
      const viewer: Viewer = { codec, budget, route, decidedUntil: 0 }
      return {
        begin: () => {
          if (open) begin(viewer)
        },
        close: () => {
          open = false
          drop(viewer)
        },
        requestKeyframe: () => {
          const lane = viewer.route.target()
          if (!lane) return
          if (!isPassed(lane)) lane.feed.requestKeyframe(lane)
          else if (replays(viewer, lane)) viewer.route.replay()
        },
        setBudget: (bps: number) => {
          viewer.budget = bps
          viewer.guess ??= bps
          if (bps < viewer.guess * WORSE) viewer.decidedUntil = 0
          if (!viewers.has(viewer)) return
          decide(viewer)
          retune(false)
        },
        /** Takes effect with the next review, or with `begin`. */
        setHeight: (pixels: number) =>
          resize(viewer, () => {
            viewer.height = pixels
          }),
        /** Its stream's sound too, in one of `codecs`; once again takes the place of what was. */
        hear: (codecs: ReadonlySet<SoundCodec>, onSound: (frame: SoundFrame) => void): Hearing => {
          deafen(viewer)
          const hold = createSoundHold(onSound)
          const take = (frame: SoundFrame) => hold.take(frame, viewer.route.sending()?.lag.due(frame.at))
          const listener: Listener = { codecs, loss: 0, take }
          const hears = { listener, hold, feed: undefined as Feed | undefined }
          resize(viewer, () => {
            viewer.hears = hears
          })
          if (viewers.has(viewer)) follow(viewer)
          return {
            setLoss: part => {
              listener.loss = part
              hears.feed?.hearing.update()
            },
            close: () => {
              if (viewer.hears === hears) resize(viewer, () => deafen(viewer))
            },
          }
        },
        demand: () => demandOf(offersFor(viewer)),
      }
    },
    /** Judges every viewer anew, after what is on offer has changed. */
    review,
    count: () => viewers.size,
    clear: () => {
      for (const viewer of [...viewers]) drop(viewer)
    },
  }
}

/** True when the viewer's link carries what the lane has sent lately. */
function carries({ budget }: Viewer, lane: Lane | undefined): boolean {
  const rate = lane?.meter.rate()
  return budget === undefined || (rate !== undefined && rate <= budget)
}

/** True for a source that runs and has nothing to hear. */
function isMute(feed: Feed | undefined): boolean {
  const status = feed?.status()
  return status?.state === 'live' && status.sound === undefined
}

/** A stream that comes as it is has no key frame on request. */
const isPassed = ({ encoding, feed }: Lane): boolean => isOriginal(encoding) && feed.passes()

/** True when the current group, sent once more, is there sooner than the next key frame is likely to be. */
const replays = ({ budget }: Viewer, { ring }: Lane): boolean =>
  ring.bytes() * 8 <= Math.min(budget ?? MAX_BURST, MAX_BURST) * REPLAY_SECONDS

/** True when the lane's current group can be sent to a joiner within a second. */
function bursts({ budget }: Viewer, lane: Lane): boolean {
  if (lane.ring.bytes() === 0) return false
  return isOriginal(lane.encoding) || lane.ring.bytes() * 8 <= Math.min(budget ?? MAX_BURST, MAX_BURST)
}

/** Bits of a burst to a viewer whose budget is not known. */
const MAX_BURST = 8_000_000
const REPLAY_SECONDS = 0.5

/** A lane below that runs already: its picture is there while the other's first key frame is waited for. */
function nextRunning(viewer: Viewer, { feed, encoding }: Lane): Lane | undefined {
  return TIERS.slice(TIERS.indexOf(encoding.tier) + 1)
    .flatMap(tier => feed.lanes().filter(lane => lane.encoding.tier === tier))
    .find(lane => lane.encoding.codec === encoding.codec && bursts(viewer, lane))
}
