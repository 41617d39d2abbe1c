import { CONTENT_DAYS } from '../../core/record-rules.ts'
import type { Clock, Timer } from '../../core/clock.ts'
import type { Database } from '../../store/database.ts'
import { findHeldScopes } from '../../store/held-scopes.ts'
import { forgetSessionContent, forgetShelfContent } from '../../store/turn-content.ts'
import { heldShelfOf, shelfDay, shelfExpiresAt, shelfOf } from '../shelf.ts'
import type { BodyThread } from './body-thread.ts'

/** Throws content away whose time is over, at the start and once a day. */
export interface Retention {
  start(): void
  /** Does it now, after what is under way; rejects when the store or a shelf fails. */
  run(): Promise<void>
  /** Waits for what is under way. */
  stop(): Promise<void>
}

export interface RetentionParts {
  readonly clock: Clock
  readonly log: { error(facts: object, message: string): void }
  readonly db: Database
  readonly thread: BodyThread
}

const DAY_MS = 86_400_000
/** After the end of a day (UTC), so that whoever is a minute behind has finished with it. */
const AFTER_MIDNIGHT_MS = 60_000
const RETRY_MS = 3_600_000

export function createRetention({ clock, log, db, thread }: RetentionParts): Retention {
  let timer: Timer | undefined
  let running = Promise.resolve()
  let isStopped = false

  return {
    start: runAndSchedule,
    run,
    async stop() {
      isStopped = true
      timer?.cancel()
      await running
    },
  }

  function run(): Promise<void> {
    const run = running.then(forgetAll)
    running = run.catch(() => undefined)
    return run
  }

  function runAndSchedule(): void {
    run().then(
      () => schedule(DAY_MS - (clock.now() % DAY_MS) + AFTER_MIDNIGHT_MS),
      (error: unknown) => {
        log.error({ err: error }, 'content whose time is over could not be thrown away; it is tried again in an hour')
        schedule(RETRY_MS)
      },
    )
  }

  function schedule(delayMs: number): void {
    if (!isStopped) timer = clock.after(delayMs, runAndSchedule)
  }

  async function forgetAll(): Promise<void> {
    for (const shelf of await thread.ask({ kind: 'shelves' })) {
      if (isStopped) return
      if (shelfExpiresAt(shelf) === undefined) await releaseHeld(shelf)
      else if (isPast(shelf)) await forgetShelf(shelf)
    }
  }

  function isPast(shelf: string): boolean {
    return shelfExpiresAt(shelf)! <= clock.now()
  }

  /** What is under a hold moves out first. The rows lose their previews before the shelf goes, so that a crash in between forgets nothing. */
  async function forgetShelf(shelf: string): Promise<void> {
    const held = await findHeldScopes(db, await thread.ask({ kind: 'scopes', shelf }), [shelf])
    for (const scope of held) await thread.ask({ kind: 'move-scope', from: shelf, to: heldShelfOf(shelf), scope })
    await forgetShelfContent(db, shelf, [...held])
    await thread.ask({ kind: 'drop-shelf', shelf })
  }

  /** On a held shelf lies what was past its time already, so it goes with the last hold. */
  async function releaseHeld(shelf: string): Promise<void> {
    const day = shelfDay(shelf)
    if (day === undefined) return
    const origins = CONTENT_DAYS.map((days) => shelfOf(days, day)).filter(isPast)
    const scopes = await thread.ask({ kind: 'scopes', shelf })
    const held = await findHeldScopes(db, scopes, origins)
    for (const { scope, workspaceId } of scopes) {
      if (held.has(scope)) continue
      await forgetSessionContent(db, scope, origins)
      await thread.ask({ kind: 'delete-scope', workspaceId, scope, shelves: [shelf], withRunning: false })
    }
    if (held.size === 0) await thread.ask({ kind: 'drop-shelf', shelf })
  }
}
