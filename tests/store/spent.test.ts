import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Insertable } from 'kysely'
import type { Id } from '../../src/core/ids.ts'
import { newId } from '../../src/core/ids.ts'
import type { Reset } from '../../src/limits/limit.ts'
import type { Store } from '../../src/store/database.ts'
import { insertLimit } from '../../src/store/limits.ts'
import type { LedgerCallTable } from '../../src/store/schema-records.ts'
import { readSpent } from '../../src/store/spent.ts'
import { backends, type Place } from './backends.ts'
import { callRow } from './rows.ts'
import { addOrganisation } from './tenants.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const MIDNIGHT = Date.UTC(2026, 10, 23)
const NOW = MIDNIGHT + 13 * HOUR_MS

/** What `callRow` says one call used. */
const ONE = { costNanos: 1_000_000n, tokens: 1 + 2 + 3 + 4 + 5, requests: 1 }

for (const backend of backends) {
  describe(`what budgets have spent, on ${backend.name}`, () => {
    let place: Place
    let store: Store
    let organisationId: Id<'organisation'>
    let serial = 0

    beforeEach(async () => {
      place = await backend.makePlace()
      store = await place.open()
      organisationId = await addOrganisation(store.db)
    })

    afterEach(async () => {
      await store.close()
      await place.clear()
    })

    async function addBudget(id: string, over: { reset?: Reset; since?: number } = {}): Promise<void> {
      await insertLimit(store.db, {
        id,
        organisationId,
        workspaceId: undefined,
        level: 'key',
        subjectId: `subject of ${id}`,
        terms: {
          kind: 'budget',
          unit: 'cost',
          amount: 10n ** 18n,
          reset: over.reset ?? { every: 'day' },
          hard: true,
          mode: 'strict',
          alertAt: [],
        },
        since: over.since ?? 0,
        createdAt: 0,
        updatedAt: 0,
      })
    }

    async function addCalls(...calls: (Partial<Insertable<LedgerCallTable>> & { opened_at: number })[]): Promise<void> {
      await store.insertMany(
        'ledger_calls',
        calls.map((call) => callRow({ ...call, id: newId(++serial) })),
      )
    }

    const read = (zone = 'UTC') => readSpent(store.db, { zone, now: NOW })

    test('nothing is read where there are no budgets', async () => {
      await addCalls({ opened_at: NOW, buckets: '["gone"]' })
      expect(await read()).toEqual([])
    })

    test('calls are added up by bucket and day, retries without a request of their own', async () => {
      await addBudget('a')
      await addBudget('b')
      await addCalls(
        { opened_at: MIDNIGHT, buckets: '["a","b"]' },
        { opened_at: MIDNIGHT + 7 * HOUR_MS, ordinal: 1, buckets: '["a"]' },
        { opened_at: MIDNIGHT - 1, buckets: '["a"]' },
        { opened_at: MIDNIGHT, buckets: '["removed"]' },
        { opened_at: MIDNIGHT, buckets: '[]' },
      )
      const entries = await read()
      expect(entries).toHaveLength(3)
      expect(entries).toContainEqual({
        bucket: 'a',
        from: MIDNIGHT,
        last: MIDNIGHT + 7 * HOUR_MS,
        used: { costNanos: 2_000_000n, tokens: 30, requests: 1 },
      })
      expect(entries).toContainEqual({ bucket: 'a', from: MIDNIGHT - 1, last: MIDNIGHT - 1, used: ONE })
      expect(entries).toContainEqual({ bucket: 'b', from: MIDNIGHT, last: MIDNIGHT, used: ONE })
    })

    test('days are those of the organisation', async () => {
      await addBudget('a')
      const evening = MIDNIGHT - 30 * 60 * 1_000
      await addCalls({ opened_at: evening, buckets: '["a"]' }, { opened_at: MIDNIGHT, buckets: '["a"]' })
      expect(await read('UTC')).toHaveLength(2)
      expect(await read('Europe/Berlin')).toHaveLength(1)
      expect(await read('Asia/Kathmandu')).toHaveLength(1)
    })

    test('calls from before a budget was made, or was reset, do not count, to the millisecond', async () => {
      await addBudget('a', { since: NOW - 100 })
      await addBudget('grouped')
      await store.db
        .insertInto('bucket_resets')
        .values({ bucket: 'grouped|["ann"]', since: NOW - 50 })
        .execute()
      const buckets = '["a","grouped|[\\"ann\\"]","grouped|[\\"ben\\"]"]'
      await addCalls(...[101, 100, 51, 50, 1].map((ago) => ({ opened_at: NOW - ago, buckets })))
      const counted = new Map((await read()).map(({ bucket, used }) => [bucket, used.requests]))
      expect(counted).toEqual(
        new Map([
          ['a', 4],
          ['grouped|["ann"]', 2],
          ['grouped|["ben"]', 5],
        ]),
      )
    })

    test('what never begins anew is read from its beginning, the rest as far back as a change may ask', async () => {
      await addBudget('never', { reset: { every: 'never' }, since: NOW - 400 * DAY_MS })
      await addBudget('daily')
      await addBudget('sixty', { reset: { every: 'days', days: 60 }, since: NOW - 59 * DAY_MS })
      const buckets = '["never","daily","sixty"]'
      await addCalls(...[401, 399, 58, 34, 1].map((days) => ({ opened_at: NOW - days * DAY_MS, buckets })))
      const counted = (bucket: string) => entries.filter((entry) => entry.bucket === bucket).length
      const entries = await read()
      expect([counted('never'), counted('daily'), counted('sixty')]).toEqual([4, 2, 3])
    })

    test('a bucket that was reset by hand has periods of its own, which may have begun earlier', async () => {
      await addBudget('grouped', { reset: { every: 'days', days: 39 }, since: NOW - 40 * DAY_MS })
      const [ann, ben] = ['grouped|["ann"]', 'grouped|["ben"]']
      await store.db
        .insertInto('bucket_resets')
        .values({ bucket: ann, since: NOW - 38 * DAY_MS })
        .execute()
      await addCalls({ opened_at: NOW - 37 * DAY_MS, buckets: JSON.stringify([ann, ben]) })
      expect((await read()).map(({ bucket }) => bucket)).toEqual([ann])
    })

    test('a call that a faster clock has dated ahead is not lost', async () => {
      await addBudget('a')
      await addCalls({ opened_at: NOW + 3 * DAY_MS, buckets: '["a"]' })
      expect(await read()).toMatchObject([{ bucket: 'a', from: NOW + 3 * DAY_MS }])
    })

    test('sums of more than 2^53 nano-dollars are exact', async () => {
      await addBudget('a')
      const cost = 2n ** 53n + 1n
      await addCalls(
        { opened_at: MIDNIGHT, cost_nanos: cost, buckets: '["a"]' },
        { opened_at: MIDNIGHT + 1, cost_nanos: cost, buckets: '["a"]' },
      )
      expect(await read()).toMatchObject([{ used: { costNanos: 2n * cost } }])
    })
  })
}
