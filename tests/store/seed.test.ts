import { asId } from '../../src/core/ids.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Store } from '../../src/store/database.ts'
import { drawCompany } from '../../scripts/seed/company.ts'
import { createDraw } from '../../scripts/seed/draw.ts'
import { fill, write } from '../../scripts/seed/fill.ts'
import type { Written } from '../../scripts/seed/rows.ts'
import { playDay } from '../../scripts/seed/workday.ts'
import { backends, type Place } from './backends.ts'

const DAY = 24 * 60 * 60 * 1_000
/** A Wednesday. */
const WORKDAY = Date.UTC(2026, 9, 21)

function playedDay(seed: number, requests: number): Written[] {
  const draw = createDraw(seed)
  return playDay(draw, companyOf(draw), WORKDAY, requests)
}

function companyOf(draw: ReturnType<typeof createDraw>) {
  return drawCompany(draw, { teams: 3, developers: 12, organisationId: asId('organisation'), since: WORKDAY })
}

test('the same seed makes the same company with the same requests, and another seed another one', () => {
  const rows = playedDay(7, 300)
  expect(playedDay(7, 300)).toEqual(rows)
  expect(playedDay(8, 300)).not.toEqual(rows)
  expect(rows).toHaveLength(300)
})

test('a day has what real days have: errors, retries, fallbacks, those who leave, agents and caches', () => {
  const exchanges = playedDay(9, 4_000).map(({ exchange }) => exchange)
  const share = (holds: (row: (typeof exchanges)[number]) => boolean) =>
    exchanges.filter(holds).length / exchanges.length
  expect(share((row) => row.status >= 400)).toBeGreaterThan(0.005)
  expect(share((row) => row.retries > 0)).toBeGreaterThan(0.005)
  expect(share((row) => row.route.includes('"failed"'))).toBeGreaterThan(0.003)
  expect(share((row) => row.interrupted_by === 'client')).toBeGreaterThan(0.003)
  expect(share((row) => row.agent_id !== null)).toBeGreaterThan(0.05)
  expect(share((row) => row.endpoint === 'count_tokens')).toBeGreaterThan(0.01)
  expect(share((row) => row.cache_read_tokens > 0)).toBeGreaterThan(0.5)
  expect(share((row) => row.cost_nanos > 0n)).toBeGreaterThan(0.8)
})

test('what an exchange costs is what its calls cost', () => {
  for (const { exchange, calls } of playedDay(10, 2_000)) {
    expect(exchange.cost_nanos).toBe(calls.reduce((sum, { cost_nanos }) => sum + cost_nanos, 0n))
  }
})

const SUMS = [
  'usage_series',
  'usage_hours',
  'usage_days',
  'latency_hours',
  'latency_days',
  'tag_days',
  'sessions',
] as const

for (const backend of backends) {
  describe(`the seed on ${backend.name}`, () => {
    let place: Place
    let store: Store
    beforeAll(async () => {
      place = await backend.makePlace()
      store = await place.open()
    })
    afterAll(async () => {
      await store.close()
      await place.clear()
    })

    test(
      'two thousand requests in large batches leave what they leave in small ones',
      { timeout: 60_000 },
      async () => {
        const draw = createDraw(11)
        await fill(store, draw, companyOf(draw), { first: WORKDAY, days: 2, requests: 2_000 }, () => undefined)
        const inLarge = await readSums()
        const exchanges = await store.db
          .selectFrom('exchanges')
          .selectAll()
          .orderBy('received_at')
          .orderBy('id')
          .execute()
        const calls = await store.db.selectFrom('ledger_calls').selectAll().orderBy('id').execute()
        expect(exchanges).toHaveLength(2_000)
        expect(exchanges.at(-1)!.received_at).toBeLessThan(WORKDAY + 2 * DAY)

        for (const table of ['exchanges', 'ledger_calls', ...SUMS] as const) await store.db.deleteFrom(table).execute()
        await store.close()
        store = await place.open()
        for (let at = 0; at < exchanges.length; at += 137)
          await store.insertMany('exchanges', exchanges.slice(at, at + 137))
        for (let at = 0; at < calls.length; at += 41) await store.insertMany('ledger_calls', calls.slice(at, at + 41))
        expect(await readSums()).toEqual(inLarge)
      },
    )

    test('a batch that is written again changes nothing', async () => {
      const before = await readSums()
      const rows = await store.db.selectFrom('exchanges').selectAll().limit(300).execute()
      await store.insertMany('exchanges', rows)
      await write(store, playedDay(12, 50))
      const after = await readSums()
      await write(store, playedDay(12, 50))
      expect(await readSums()).toEqual(after)
      expect(after).not.toEqual(before)
    })

    async function readSums() {
      const found: Record<string, unknown> = {}
      for (const table of SUMS) {
        const rows = await store.db.selectFrom(table).selectAll().execute()
        const texts = rows.map((row) =>
          JSON.stringify(row, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value)),
        )
        found[table] = texts.toSorted()
      }
      return found
    }
  })
}
