import type { Id } from '../../src/core/ids.ts'
import type { Store } from '../../src/store/database.ts'
import type { Company } from './company.ts'
import { drawId } from './company.ts'
import type { Draw } from './draw.ts'
import type { Written } from './rows.ts'
import { playDay, shareOfWeek } from './workday.ts'

const DAY_MS = 24 * 60 * 60 * 1_000

/** Rows of one transaction: a commit costs the same for many, and days and hours are changed once for all of them. */
const BATCH_ROWS = 5_000

export interface Span {
  /** Milliseconds since the epoch, where a day of the world's clock begins. */
  readonly first: number
  readonly days: number
  readonly requests: number
}

/**
 * Plays the company's days and writes them the way the gateway does, in larger batches. Another thread, or PostgreSQL, writes
 * one batch while the next is made. `told` hears how many are written.
 */
export async function fill(
  store: Store,
  draw: Draw,
  company: Company,
  { first, days, requests }: Span,
  told: (written: number) => void,
): Promise<void> {
  const starts = Array.from({ length: days }, (_, at) => first + at * DAY_MS)
  const shares = starts.reduce((sum, day) => sum + shareOfWeek(day), 0)
  let writing: Promise<void> = Promise.resolve()
  let left = requests
  let written = 0
  let waiting: Written[] = []
  for (const [at, day] of starts.entries()) {
    const wanted = at === days - 1 ? left : Math.min(left, Math.round((requests * shareOfWeek(day)) / shares))
    left -= wanted
    waiting.push(...playDay(draw, company, day, wanted))
    while (waiting.length >= BATCH_ROWS || (at === days - 1 && waiting.length > 0)) {
      const batch = waiting.slice(0, BATCH_ROWS)
      waiting = waiting.slice(BATCH_ROWS)
      await writing
      told((written += batch.length))
      writing = write(store, batch)
      // Whoever fails is heard at the next turn, and not as somebody whom nobody has asked.
      writing.catch(() => undefined)
    }
  }
  await writing
}

export async function write(store: Store, batch: readonly Written[]): Promise<void> {
  await store.insertMany(
    'exchanges',
    batch.map(({ exchange }) => exchange),
  )
  await store.insertMany(
    'ledger_calls',
    batch.flatMap(({ calls }) => calls),
  )
}

/** What people thought of some sessions. */
export async function fillFeedback(store: Store, draw: Draw, organisationId: Id<'organisation'>): Promise<void> {
  const sessions = await store.db.selectFrom('sessions').selectAll().orderBy('id').limit(2_000).execute()
  const rows = sessions
    .filter(() => draw.chance(0.25))
    .map((session) => ({
      id: drawId(draw, session.last_at) as string,
      organisation_id: organisationId as string,
      workspace_id: session.workspace_id,
      key_id: session.key_id,
      user_id: session.user_id,
      trace_id: session.claimed_id,
      value: draw.weighted([
        [6, 5],
        [3, 10],
        [2, -5],
      ]),
      weight: 1,
      metadata: '{}',
      created_at: session.last_at,
      updated_at: session.last_at,
    }))
  for (let at = 0; at < rows.length; at += 200) {
    await store.db
      .insertInto('feedback')
      .values(rows.slice(at, at + 200))
      .onConflict((conflict) => conflict.doNothing())
      .execute()
  }
}
