import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readRevision, noteChange } from '../../src/store/changes.ts'
import type { Store } from '../../src/store/database.ts'
import { insertOrganisation } from '../../src/store/organisations.ts'
import { isDuplicate } from '../../src/store/store-error.ts'
import { asId } from '../../src/core/ids.ts'
import { backends, type Place } from './backends.ts'
import { callRow, exchangeRow } from './rows.ts'

for (const backend of backends) {
  describe(`the store on ${backend.name}`, () => {
    let place: Place
    let store: Store

    beforeEach(async () => {
      place = await backend.makePlace()
      store = await place.open()
    })

    afterEach(async () => {
      await store.close()
      await place.clear()
    })

    test('a batch that is written twice is there once, as it was written first', async () => {
      const rows = Array.from({ length: 500 }, (_, index) => exchangeRow({ id: `req_${index}`, status: 200 }))
      await store.insertMany('exchanges', rows)
      await store.insertMany('exchanges', [
        ...rows.map((row) => ({ ...row, status: 500 })),
        exchangeRow({ id: 'req_new' }),
      ])
      const found = await store.db.selectFrom('exchanges').select(['id', 'status']).execute()
      expect(found).toHaveLength(501)
      expect(new Set(found.map((row) => row.status))).toEqual(new Set([200]))
    })

    test.each([
      ['an exchange', 'exchanges', exchangeRow()],
      ['a call', 'ledger_calls', callRow()],
    ] as const)('every column of %s comes back as it was written', async (_, table, row) => {
      if (table === 'exchanges') await store.insertMany(table, [row])
      else await store.insertMany(table, [row])
      expect(await store.db.selectFrom(table).selectAll().executeTakeFirst()).toEqual(row)
    })

    test('money beyond 2^53 comes back exact, alone and in sums, beside ordinary numbers', async () => {
      const large = 9_007_199_254_740_993n
      await store.insertMany('ledger_calls', [callRow({ cost_nanos: large }), callRow({ cost_nanos: large })])
      const row = await store.db.selectFrom('ledger_calls').select(['cost_nanos', 'ordinal']).executeTakeFirst()
      expect(row).toEqual({ cost_nanos: large, ordinal: 0 })
      const sum = await store.db
        .selectFrom('ledger_calls')
        .select(({ fn }) => [fn.sum<bigint>('cost_nanos').as('total_nanos'), fn.countAll<number>().as('rows')])
        .executeTakeFirst()
      expect(sum).toEqual({ total_nanos: large * 2n, rows: 2 })
    })

    test('a batch with one bad row writes none of its rows', async () => {
      const bad = { ...exchangeRow({ id: 'req_bad' }), endpoint: null } as unknown as ReturnType<typeof exchangeRow>
      await expect(store.insertMany('exchanges', [exchangeRow({ id: 'req_good' }), bad])).rejects.toThrow(/endpoint/)
      expect(await store.db.selectFrom('exchanges').selectAll().execute()).toEqual([])
      await store.insertMany('exchanges', [exchangeRow({ id: 'req_good' })])
    })

    test('an empty batch is no work', async () => {
      await store.insertMany('exchanges', [])
    })

    test('a transaction that fails leaves nothing behind', async () => {
      const failing = store.db.transaction().execute(async (tx) => {
        await insertOrganisation(tx, { id: asId('o'), name: 'gone', createdAt: 1 })
        throw new Error('second thoughts')
      })
      await expect(failing).rejects.toThrow('second thoughts')
      expect(await store.db.selectFrom('organisations').selectAll().execute()).toEqual([])
    })

    test('a batch does not slip into a transaction that runs at the same time', async () => {
      const entered = Promise.withResolvers<void>()
      const leave = Promise.withResolvers<void>()
      const failing = store.db.transaction().execute(async (tx) => {
        await noteChange(tx, 1, 'lost')
        entered.resolve()
        await leave.promise
        throw new Error('second thoughts')
      })
      await entered.promise
      const batch = store.insertMany('exchanges', [exchangeRow()])
      leave.resolve()
      await expect(failing).rejects.toThrow('second thoughts')
      await batch
      expect(await store.db.selectFrom('exchanges').select('id').execute()).toHaveLength(1)
      expect(await readRevision(store.db)).toBe(0)
    })

    test('a value that is taken is told apart from other failures', async () => {
      const organisation = { id: asId<'organisation'>('o'), name: 'x', createdAt: 1 }
      await insertOrganisation(store.db, organisation)
      const duplicate = await insertOrganisation(store.db, organisation).catch((error: unknown) => error)
      expect(isDuplicate(duplicate)).toBe(true)
      const dangling = await store.db
        .insertInto('providers')
        .values({
          id: 'p',
          workspace_id: 'w',
          integration_id: 'i',
          slug: 's',
          name: 'n',
          note: null,
          created_at: 1,
          updated_at: 1,
        })
        .execute()
        .catch((error: unknown) => error)
      expect(dangling).toMatchObject({ fault: 'dangling' })
    })

    test('what was written is there after closing and opening again', async () => {
      await store.insertMany('exchanges', [exchangeRow({ id: 'req_kept' })])
      await store.close()
      store = await place.open()
      expect(await store.db.selectFrom('exchanges').select('id').execute()).toEqual([{ id: 'req_kept' }])
    })

    test('a batch that was handed over before closing is written', async () => {
      const written = store.insertMany('exchanges', [exchangeRow({ id: 'req_last' })])
      await Promise.all([written, store.close()])
      store = await place.open()
      expect(await store.db.selectFrom('exchanges').select('id').execute()).toEqual([{ id: 'req_last' }])
    })

    test('a closed store refuses instead of waiting for ever', async () => {
      await store.close()
      await expect(store.insertMany('exchanges', [exchangeRow()])).rejects.toThrow()
      await expect(readRevision(store.db)).rejects.toThrow()
      await store.close()
    })

    test('revisions grow with every change and are never given out again', async () => {
      await noteChange(store.db, 1, 'first')
      await noteChange(store.db, 2, 'second')
      const before = await readRevision(store.db)
      await store.db.deleteFrom('changes').execute()
      await noteChange(store.db, 3, 'third')
      expect(await readRevision(store.db)).toBe(before + 1)
    })
  })
}
