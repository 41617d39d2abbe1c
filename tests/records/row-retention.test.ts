import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { newId } from '../../src/core/ids.ts'
import { createRowRetention, type RowRetention } from '../../src/records/row-retention.ts'
import { sumCalls } from '../../src/store/ledger-calls.ts'
import { insertLegalHold } from '../../src/store/legal-holds.ts'
import { insertLimit } from '../../src/store/limits.ts'
import { findOrganisation, updateOrganisation } from '../../src/store/organisations.ts'
import { createManualClock, type ManualClock } from '../../src/testing/clock.ts'
import type { Store } from '../../src/store/database.ts'
import { backends, type Place } from '../store/backends.ts'
import { callRow, exchangeRow } from '../store/rows.ts'
import { addOrganisation } from '../store/tenants.ts'

const DAY_MS = 86_400_000

interface Over {
  readonly row?: Parameters<typeof exchangeRow>[0]
  readonly call?: Parameters<typeof callRow>[0]
}

for (const backend of backends) {
  describe(`rows of requests on ${backend.name}`, () => {
    let place: Place
    let store: Store
    let clock: ManualClock
    let retention: RowRetention
    let organisation: string

    beforeEach(async () => {
      place = await backend.makePlace()
      store = await place.open()
      clock = createManualClock()
      retention = createRowRetention({ clock, db: store.db, log: { error: () => undefined } })
      organisation = await addOrganisation(store.db)
    })
    afterEach(async () => {
      await retention.stop()
      await store.close()
      await place.clear()
    })

    async function keepFor(rowDays: number): Promise<void> {
      const { id, name } = (await findOrganisation(store.db))!
      await updateOrganisation(store.db, id, { name, settings: { rowDays } })
    }

    /** An exchange of that many days ago, in a session of its own, with its call. */
    async function add(id: string, daysAgo: number, { row = {}, call = {} }: Over = {}): Promise<void> {
      const at = clock.now() - daysAgo * DAY_MS
      const ours = { organisation_id: organisation, received_at: at, session_key: `ses_${id}` }
      await store.insertMany('exchanges', [exchangeRow({ ...ours, id, ...row })])
      const of = { ...ours, id: `call_${id}`, exchange_id: id, opened_at: at, closed_at: at }
      await store.insertMany('ledger_calls', [callRow({ ...of, ...call })])
    }

    const left = async (table: 'exchanges' | 'ledger_calls' | 'sessions') =>
      (await store.db.selectFrom(table).select('id').orderBy('id').execute()).map(({ id }) => id)

    it('stay for ever where nobody has said for how long', async () => {
      await add('req_old', 3_000)
      expect(await retention.run()).toEqual({ exchanges: 0, calls: 0, sessions: 0 })
      expect(await left('exchanges')).toEqual(['req_old'])
    })

    it('go with their calls, turns and sessions once they are older, in as many batches as it takes; sums stay', async () => {
      await keepFor(30)
      for (let at = 0; at < 3; at++) await add(`req_old${at}`, 40 + at)
      await add('req_new', 29)
      await store.insertMany('exchanges', [
        exchangeRow({ organisation_id: null, id: 'req_nobodys', received_at: clock.now() - 50 * DAY_MS }),
      ])
      const many = Array.from({ length: 1_200 }, (_, at) =>
        exchangeRow({ organisation_id: organisation, id: `req_bulk${at}`, received_at: clock.now() - 50 * DAY_MS }),
      )
      await store.insertMany('exchanges', many)
      const days = await store.db.selectFrom('usage_days').selectAll().execute()
      expect(days.length).toBeGreaterThan(0)
      expect(await retention.run()).toEqual({ exchanges: 1_204, calls: 3, sessions: 3 })
      expect(await left('exchanges')).toEqual(['req_new'])
      expect(await left('ledger_calls')).toEqual(['call_req_new'])
      expect(await left('sessions')).toEqual(['ses_req_new'])
      expect(await store.db.selectFrom('usage_days').selectAll().execute()).toEqual(days)
    })

    it('that a budget still counts stay in the ledger', async () => {
      await keepFor(30)
      await insertLimit(store.db, {
        id: 'budget_1',
        organisationId: organisation,
        workspaceId: undefined,
        level: 'organisation',
        subjectId: organisation,
        terms: {
          kind: 'budget',
          unit: 'cost',
          amount: 1n,
          reset: { every: 'never' },
          hard: true,
          mode: 'strict',
          alertAt: [],
        },
        since: clock.now() - 365 * DAY_MS,
        createdAt: 1,
        updatedAt: 1,
      })
      await add('req_counted', 300)
      await add('req_before', 400)
      await add('req_free', 301, { call: { buckets: '[]' } })
      await retention.run()
      expect(await left('ledger_calls')).toEqual(['call_req_counted'])
      expect(await left('exchanges')).toEqual([])
      expect(await sumCalls(store.db, { organisationId: organisation })).toMatchObject({ calls: 1 })
    })

    it('stay under a legal hold, and as long as their content does', async () => {
      await keepFor(7)
      await add('req_held', 100)
      await add('req_content', 10, { row: { shelf: '30d-20261113', body_state: 'full' } })
      await add('req_gone', 100, { row: { shelf: '30d-20260815', body_state: 'full' } })
      await insertLegalHold(store.db, {
        id: newId(1),
        organisationId: organisation,
        subject: 'session',
        subjectId: 'ses_req_held',
        reason: 'Case 7',
        createdBy: null,
        createdAt: 1,
      })
      await retention.run()
      expect(await left('exchanges')).toEqual(['req_content', 'req_held'])
    })

    it('are looked through an hour after the start, and then every day', async () => {
      await keepFor(30)
      await add('req_old', 40)
      retention.start()
      clock.advance(3_600_000)
      await retention.run()
      expect(await left('exchanges')).toEqual([])
      expect(clock.waiting).toBe(1)
    })
  })
}
