import type { Clock, Timer } from '../core/clock.ts'
import { type AlertChannel, listChannels } from '../store/alert-channels.ts'
import {
  addDeliveries,
  countDeliveries,
  findDue,
  listLanes,
  noteDelivered,
  noteUndelivered,
  sweepDeliveries,
  type AlertDelivery,
} from '../store/alert-deliveries.ts'
import { readRevision } from '../store/changes.ts'
import type { Database } from '../store/database.ts'
import type { Alert } from './alert.ts'
import type { Receipt } from './receipt.ts'
import type { Sender } from './sender.ts'
import { deliveriesOf } from './who-hears.ts'

/**
 * Takes alerts, keeps them in the store until their receivers have them, and tries again when they do not answer. What is in the store
 * survives the process; an alert that was sent a moment before a crash is sent again with the same id.
 */
export interface Outbox {
  /** Takes an alert off the hands of whoever noticed it. Never throws and never waits; undefined when there is nothing to tell after all. */
  tell(compose: () => Promise<Alert | undefined>): void
  /** Resolves when nothing is under way and nothing is due. */
  settle(): Promise<void>
  /** Breaks off what is under way; the next start goes on. */
  close(): Promise<void>
}

export interface OutboxParts {
  readonly clock: Clock
  readonly db: Database
  readonly organisationId: string
  readonly sender: Sender
  /** Told of what the outbox cannot do, in a sentence and with its cause. */
  readonly report: (message: string, problem: unknown) => void
}

/** Twelve tries in about twenty hours, then it is given up. Milliseconds. */
const PAUSES_MS = [10, 30, 60, 180, 600, 1_800, 3_600, 7_200, 14_400, 21_600, 21_600].map((seconds) => seconds * 1_000)

/** Deliveries at the same time; one at a time to each receiver, so that a slow one takes one place only. */
const RUNNING_MAX = 5

/** A receiver that has just failed is left alone for so long at most, whatever else waits for it. */
const REST_MS_MAX = 60_000

/** What one receiver may be sent in a day. Who hears of a thousand things hears of none. */
const DAILY_MAX = 1_000

/** Alerts that wait in memory for the store. */
const TOLD_MAX = 1_000
const TELL_TRIES_MAX = 20

/** How many events are remembered in memory, so that one that is noticed again and again costs no look into the store. */
const KNOWN_MAX = 10_000

/** Fifty for each of two thousand workspaces. */
const CHANNELS_MAX = 100_000
const LANES_MAX = 10_000
const LOOK_MS = 60_000
const STORE_PAUSE_MS = 10_000
const DAY_MS = 86_400_000
const KEPT_MS = 30 * DAY_MS
const SWEEP_MS = 3_600_000

/** An alert that is not in the store yet. */
interface Told {
  readonly compose: () => Promise<Alert | undefined>
  tries: number
}

export function createOutbox(parts: OutboxParts): Outbox {
  const { clock, db, sender, report } = parts
  const told: Told[] = []
  const known = new Set<string>()
  const running = new Map<string, Promise<void>>()
  /** By lane: until when a receiver that has failed is left alone. */
  const resting = new Map<string, number>()
  /** By lane: when it had its turn, so that all of them have one. */
  const served = new Map<string, number>()
  /** Receivers that have had too many, since the last sweep: the log says so once an hour. */
  const crowded = new Set<string>()
  const stopping = new AbortController()
  let channels: readonly AlertChannel[] = []
  let sweepsAt = clock.now()
  let idMs = 0
  let revision: number | undefined
  let turning: Promise<void> | undefined
  let wanted = false
  /** The last one found no room: said once, until there is room again. */
  let isDropping = false
  let timer: Timer | undefined
  wake()

  return {
    tell(compose) {
      if (stopping.signal.aborted) return
      const isFull = told.length >= TOLD_MAX
      if (!isFull) told.push({ compose, tries: 0 })
      else if (!isDropping) report('alerts are dropped: too many wait for the store', undefined)
      isDropping = isFull
      wake()
    },
    async settle() {
      while (turning !== undefined || running.size > 0) await Promise.all([turning, ...running.values()])
    },
    async close() {
      stopping.abort()
      timer?.cancel()
      await Promise.all([turning, ...running.values()])
    },
  }

  /** Looks now, or as soon as the look that is under way is over. */
  function wake(): void {
    if (stopping.signal.aborted) return
    timer?.cancel()
    wanted = true
    turning ??= turn()
  }

  async function turn(): Promise<void> {
    let nextMs = LOOK_MS
    while (wanted && !stopping.signal.aborted) {
      wanted = false
      try {
        await readChannels()
        await keepTold()
        await sweep()
        nextMs = await startDue()
      } catch (error) {
        report('alerts wait: the store does not take or give them', error)
        await tellPastStore()
        nextMs = STORE_PAUSE_MS
      }
    }
    turning = undefined
    if (!stopping.signal.aborted) timer = clock.after(nextMs, wake)
  }

  /** Every change of the control plane has a number, so as long as there is no new one, the channels are the same. */
  async function readChannels(): Promise<void> {
    const latest = await readRevision(db)
    if (latest === revision) return
    const { items } = await listChannels(db, parts.organisationId, {}, { offset: 0, limit: CHANNELS_MAX })
    revision = latest
    // Who is new is told of what still holds.
    const stamp = (list: readonly AlertChannel[]) => list.map(({ id, updatedAt }) => `${id} ${updatedAt}`).join()
    if (stamp(items) !== stamp(channels)) known.clear()
    channels = items
  }

  /** Writes down what was told, so that from here on it is not lost. */
  async function keepTold(): Promise<void> {
    for (let first = told[0]; first !== undefined; first = told[0]) {
      // What fails again and again is not worth that everything behind it waits.
      if (first.tries++ < TELL_TRIES_MAX) await keep(await first.compose())
      else report('an alert was dropped: it could not be written down', undefined)
      told.shift()
    }
  }

  async function keep(alert: Alert | undefined): Promise<void> {
    if (alert === undefined || known.has(nameOf(alert))) return
    const kept: AlertDelivery[] = []
    for (const delivery of deliveriesFor(alert)) if (await hasRoom(delivery)) kept.push(delivery)
    await addDeliveries(db, kept)
    remember(alert)
  }

  /** That the store fails is the one thing that cannot wait for the store: it goes to the channels as they were last read, once. */
  async function tellPastStore(): Promise<void> {
    for (const { compose } of [...told]) {
      const alert = await compose().catch(() => undefined)
      if (alert?.kind !== 'books.failing' || known.has(nameOf(alert))) continue
      remember(alert)
      for (const { channelId, payload } of deliveriesFor(alert)) {
        const channel = channels.find(({ id }) => id === channelId)
        if (channel !== undefined) await sender.toChannel(channel, payload, stopping.signal)
      }
    }
  }

  function deliveriesFor(alert: Alert): readonly AlertDelivery[] {
    const now = clock.now()
    idMs = Math.max(now, idMs + 1)
    return deliveriesOf(alert, channels, now, idMs)
  }

  function remember(alert: Alert): void {
    known.add(nameOf(alert))
    for (const oldest of known) {
      if (known.size <= KNOWN_MAX) break
      known.delete(oldest)
    }
  }

  async function hasRoom(delivery: AlertDelivery): Promise<boolean> {
    const count = await countDeliveries(db, delivery, clock.now() - DAY_MS)
    if (count < DAILY_MAX) return true
    const lane = delivery.channelId ?? 'an address of a key'
    if (!crowded.has(lane)) report(`alerts are dropped: ${lane} has had ${DAILY_MAX} in a day`, undefined)
    crowded.add(lane)
    return false
  }

  async function sweep(): Promise<void> {
    const now = clock.now()
    if (now < sweepsAt) return
    sweepsAt = now + SWEEP_MS
    await sweepDeliveries(db, now - KEPT_MS)
    crowded.clear()
    for (const [lane, until] of resting) if (until <= now) resting.delete(lane)
    for (const [lane, at] of served) if (at < now - DAY_MS) served.delete(lane)
  }

  /** Starts what is due, as far as there is room, and says how long until the next look. */
  async function startDue(): Promise<number> {
    const now = clock.now()
    const waiting = (await listLanes(db, LANES_MAX))
      .filter(({ lane }) => !running.has(lane))
      .map(({ lane, nextAt }) => ({ lane, at: Math.max(nextAt, resting.get(lane) ?? 0) }))
    const due = waiting
      .filter(({ at }) => at <= now)
      .toSorted((one, other) => (served.get(one.lane) ?? 0) - (served.get(other.lane) ?? 0))
    for (const { lane } of due.slice(0, RUNNING_MAX - running.size)) {
      served.set(lane, now)
      running.set(
        lane,
        deliverNext(lane).finally(() => {
          running.delete(lane)
          wake()
        }),
      )
    }
    // One that ends looks again by itself.
    const later = waiting.filter(({ at }) => at > now).map(({ at }) => at - now)
    return Math.min(LOOK_MS, ...later)
  }

  async function deliverNext(lane: string): Promise<void> {
    try {
      const delivery = await findDue(db, lane, clock.now())
      if (delivery === undefined) return
      const receipt = await send(delivery)
      // Broken off by our own end: nobody knows whether it arrived, so it is sent again.
      if (!receipt.delivered && stopping.signal.aborted) return
      await note(delivery, lane, receipt)
    } catch (error) {
      resting.set(lane, clock.now() + REST_MS_MAX)
      report('what came of an alert could not be written down', error)
    }
  }

  async function send({ channelId, address, payload }: AlertDelivery): Promise<Receipt> {
    if (address !== undefined) return sender.toAddress(address, payload, stopping.signal)
    const channel = channels.find(({ id }) => id === channelId)
    // Removed, with all that waited for it, or switched off a moment ago.
    if (channel === undefined)
      return { delivered: false, status: undefined, said: '', error: 'there is no such channel' }
    return sender.toChannel(channel, payload, stopping.signal)
  }

  async function note(delivery: AlertDelivery, lane: string, receipt: Receipt): Promise<void> {
    const attempts = delivery.attempts + 1
    const now = clock.now()
    if (receipt.delivered) {
      resting.delete(lane)
      await noteDelivered(db, delivery.id, { attempts, error: receipt.error }, now)
      return
    }
    const pauseMs = PAUSES_MS[attempts - 1]
    if (pauseMs === undefined) report(`an alert for ${lane} was given up: ${receipt.error ?? ''}`, undefined)
    resting.set(lane, now + Math.min(pauseMs ?? 0, REST_MS_MAX))
    await noteUndelivered(db, delivery.id, {
      attempts,
      error: receipt.error ?? 'it was not taken',
      nextAt: pauseMs === undefined ? undefined : now + pauseMs,
    })
  }
}

function nameOf({ kind, identity }: Alert): string {
  return `${kind} ${identity}`
}
