import type { Clock, Timer } from '../core/clock.ts'
import { deleteOldClientEvents } from '../store/client-events.ts'
import type { Database } from '../store/database.ts'
import { listLegalHolds } from '../store/legal-holds.ts'
import {
  deleteEmptySessions,
  deleteExchanges,
  deleteOldCalls,
  listOldExchanges,
  type OldExchange,
} from '../store/old-rows.ts'
import { findOrganisation } from '../store/organisations.ts'
import { noteRowsGoing } from '../store/rollups/read-state.ts'
import { readNeededSince } from '../store/spent.ts'
import { shelfExpiresAt } from './shelf.ts'

/** Forgets rows of requests that are older than the organisation keeps them: once a day. Sums, which are apart, stay. */
export interface RowRetention {
  start(): void
  /** Does it now and says how many rows went; rejects when the store fails. */
  run(): Promise<RowsForgotten>
  /** Waits for the batch that is under way. */
  stop(): Promise<void>
}

export interface RowsForgotten {
  readonly exchanges: number
  readonly calls: number
  readonly sessions: number
}

export interface RowRetentionParts {
  readonly clock: Clock
  readonly db: Database
  readonly log: { error(facts: object, message: string): void }
}

const DAY_MS = 86_400_000
const RETRY_MS = 3_600_000

/** Small, so that no request's row waits long for the store. */
const BATCH_ROWS = 500

const NOTHING: RowsForgotten = { exchanges: 0, calls: 0, sessions: 0 }

export function createRowRetention({ clock, db, log }: RowRetentionParts): RowRetention {
  let timer: Timer | undefined
  let running: Promise<unknown> = Promise.resolve()
  let isStopped = false

  return {
    start: () => schedule(RETRY_MS),
    run,
    async stop() {
      isStopped = true
      timer?.cancel()
      await running
    },
  }

  function schedule(delayMs: number): void {
    if (isStopped) return
    timer = clock.after(delayMs, () => {
      run().then(
        () => schedule(DAY_MS),
        (error: unknown) => {
          log.error({ err: error }, 'old rows of requests could not be forgotten; it is tried again in an hour')
          schedule(RETRY_MS)
        },
      )
    })
  }

  function run(): Promise<RowsForgotten> {
    const run = running.then(forgetOldRows)
    running = run.catch(() => undefined)
    return run
  }

  async function forgetOldRows(): Promise<RowsForgotten> {
    const organisation = await findOrganisation(db)
    const days = organisation?.settings.rowDays
    if (organisation === undefined || days === undefined) return NOTHING
    const before = await noteRowsGoing(db, clock.now() - days * DAY_MS)
    await repeat(() => deleteOldClientEvents(db, before, BATCH_ROWS))
    const zone = organisation.settings.timeZone ?? 'UTC'
    const neededSince = await readNeededSince(db, { zone, now: clock.now() })
    return {
      exchanges: (await forgetExchanges(before, organisation.id)) + (await forgetExchanges(before, null)),
      calls: await repeat(() => deleteOldCalls(db, { before, neededSince, limit: BATCH_ROWS })),
      sessions: await repeat(() => deleteEmptySessions(db, before, BATCH_ROWS)),
    }
  }

  /** A row stays as long as its content does: nobody would find that without it. */
  async function forgetExchanges(before: number, organisationId: string | null): Promise<number> {
    const holds = organisationId === null ? [] : await listLegalHolds(db, organisationId)
    const held = new Set(holds.map(({ subject, subjectId }) => `${subject} ${subjectId}`))
    let after: Pick<OldExchange, 'id' | 'receivedAt'> = { receivedAt: -1, id: '' }
    let forgotten = 0
    while (!isStopped) {
      const batch = await listOldExchanges(db, organisationId, before, after, BATCH_ROWS)
      const last = batch.at(-1)
      if (last === undefined) break
      after = last
      const gone = batch.filter((row) => !isHeld(row, held) && !hasContent(row)).map(({ id }) => id)
      await db.transaction().execute((tx) => deleteExchanges(tx, gone))
      forgotten += gone.length
    }
    return forgotten
  }

  function hasContent({ shelf }: OldExchange): boolean {
    const expiresAt = shelf === null ? undefined : shelfExpiresAt(shelf)
    return expiresAt !== undefined && expiresAt > clock.now()
  }

  async function repeat(deleteBatch: () => Promise<number>): Promise<number> {
    let deleted = 0
    for (let count = BATCH_ROWS; count === BATCH_ROWS && !isStopped; deleted += count) count = await deleteBatch()
    return deleted
  }
}

function isHeld({ workspaceId, userId, sessionKey }: OldExchange, held: ReadonlySet<string>): boolean {
  return held.has(`workspace ${workspaceId}`) || held.has(`user ${userId}`) || held.has(`session ${sessionKey}`)
}
