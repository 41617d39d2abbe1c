import fc from 'fast-check'
import type { Insertable } from 'kysely'
import { beforeEach, describe, expect, test } from 'vitest'
import { sessionKey } from '../../src/core/session-key.ts'
import type { Database, Store } from '../../src/store/database.ts'
import { buildStep } from '../../src/store/rollups/build.ts'
import { changeZone } from '../../src/store/rollups/change-zone.ts'
import { createCalendar } from '../../src/store/rollups/hour-and-day.ts'
import { noteRowsGoing, readRollUpState } from '../../src/store/rollups/read-state.ts'
import { ROLL_UPS, writeState } from '../../src/store/rollups/state.ts'
import type { ExchangeTable, LedgerCallTable } from '../../src/store/schema-records.ts'
import { writeSetting } from '../../src/store/settings.ts'
import { readLatency } from '../../src/store/latency.ts'
import { listTagNames, sumTags, sumUsage } from '../../src/store/usage.ts'
import { backends, type Place } from './backends.ts'
import { callRow, exchangeRow } from './rows.ts'

type Exchange = Insertable<ExchangeTable>
type Call = Insertable<LedgerCallTable>

const HOUR = 3_600_000
const DAY = 24 * HOUR
/** Berlin sets its clocks back in the night to 25 October 2026. */
const AUTUMN = Date.UTC(2026, 9, 24, 12)
const EVER = { since: 0, until: Number.MAX_SAFE_INTEGER }

const ZONES = ['UTC', 'Europe/Berlin', 'Asia/Kolkata', 'Asia/Kathmandu', 'Australia/Lord_Howe', 'America/St_Johns']

/** What a client asked, in few enough kinds that they meet. */
const asked = fc.record({
  at: fc.integer({ min: AUTUMN, max: AUTUMN + 3 * DAY }),
  workspace: fc.constantFrom('ws_1', 'ws_2'),
  user: fc.constantFrom('ana', 'bo', null),
  model: fc.constantFrom('opus', 'haiku', 'a\nb'),
  project: fc.constantFrom('gate', '', null),
  requestClass: fc.constantFrom('main', 'subagent', 'probe', null),
  endpoint: fc.constantFrom('messages', 'messages', 'count_tokens'),
  session: fc.constantFrom('one', 'two', null),
  team: fc.constantFrom('red', 'blue', undefined),
  status: fc.constantFrom(200, 200, 429, 500),
  hasCrashed: fc.boolean(),
  cost: fc.bigInt({ min: 0n, max: 2n ** 52n }),
  calls: fc.integer({ min: 0, max: 3 }),
})

type Asked = typeof asked extends fc.Arbitrary<infer One> ? One : never

/** One exchange and its calls, as the gateway writes them: its usage is the sum of theirs. */
function rowsOf(one: Asked, number: number): { exchange: Exchange; calls: readonly Call[] } {
  const key = `key_${one.user ?? 'robot'}`
  const owner = {
    organisation_id: 'organisation',
    workspace_id: one.workspace,
    user_id: one.user,
    key_id: key,
    received_at: one.at,
    project: one.project,
    request_class: one.requestClass,
    endpoint: one.endpoint,
    session_key: one.session === null ? null : sessionKey(one.workspace, one.user ?? key, one.session),
  }
  const calls = Array.from({ length: one.calls }, (_, ordinal) =>
    callRow({
      ...owner,
      id: `call_${number}_${ordinal}`,
      exchange_id: `req_${number}`,
      ordinal,
      model: one.model,
      model_served: null,
      cost_nanos: one.cost + BigInt(ordinal),
      input_tokens: number,
      opened_at: one.at + ordinal,
      closed_at: one.at + 5 * HOUR,
    }),
  )
  const zero = Object.fromEntries(USAGE.map((column) => [column, 0])) as Record<(typeof USAGE)[number], number>
  const exchange = exchangeRow({
    ...owner,
    id: `req_${number}`,
    session_id: one.hasCrashed ? null : one.session,
    metadata: one.team === undefined || one.hasCrashed ? '{}' : JSON.stringify({ team: one.team }),
    model_asked: one.model,
    model_served: null,
    status: one.hasCrashed ? 0 : one.status,
    outcome: one.hasCrashed ? 'interrupted' : 'completed',
    interrupted_by: one.hasCrashed ? 'crash' : null,
    attempts: one.calls,
    ...zero,
    ...Object.fromEntries(USAGE.map((column) => [column, calls.reduce((sum, call) => sum + Number(call[column]), 0)])),
    estimated: 0,
    cost_nanos: calls.reduce((sum, call) => sum + BigInt(call.cost_nanos), 0n),
  })
  return { exchange, calls }
}

const USAGE = [
  'input_tokens',
  'output_tokens',
  'cache_read_tokens',
  'cache_write_5m_tokens',
  'cache_write_1h_tokens',
  'thinking_tokens',
  'web_searches',
  'web_fetches',
  'code_executions',
] as const

for (const backend of backends) {
  describe(`roll-ups on ${backend.name}`, () => {
    let place: Place
    let store: Store

    beforeEach(async () => {
      place = await backend.makePlace()
      store = await place.open()
      return async () => {
        await store.close()
        await place.clear()
      }
    })

    test('they are the sums of the rows, to the nano-dollar, after any history', { timeout: 120_000 }, async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(asked, { minLength: 1, maxLength: 40 }),
          fc.array(fc.record({ batch: fc.integer({ min: 1, max: 9 }), again: fc.boolean(), dies: fc.boolean() }), {
            minLength: 1,
            maxLength: 8,
          }),
          fc.constantFrom(...ZONES),
          async (history, steps, zone) => {
            await empty(store.db)
            await changeZone(store.db, zone)
            while (await buildStep(store.db)) continue
            const rows = history.map(rowsOf)
            for (let at = 0, step = 0; at < rows.length; step++) {
              const { batch, again, dies } = steps[step % steps.length]!
              const some = rows.slice(at, at + batch)
              const exchanges = some.map(({ exchange }) => exchange)
              const calls = some.flatMap((one) => one.calls)
              await store.insertMany('exchanges', again ? [...exchanges, ...exchanges] : exchanges)
              await store.insertMany('ledger_calls', calls)
              // What a restart brings from the journal is there already.
              if (again) await store.insertMany('ledger_calls', [...calls, ...rows[0]!.calls])
              if (dies && backend.name === 'SQLite') {
                await store.close()
                store = await place.open()
              }
              at += batch
            }
            await expectSumsOfRows(store.db, zone)
          },
        ),
        { numRuns: backend.name === 'SQLite' ? 20 : 12 },
      )
    })

    test('a change of the zone moves everything to its hours and days', { timeout: 120_000 }, async () => {
      const history = fc.sample(asked, { numRuns: 200, seed: 5 }).map(rowsOf)
      await write(store, history)
      for (const zone of ['Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Australia/Lord_Howe', 'UTC']) {
        await changeZone(store.db, zone)
        while (await buildStep(store.db, 30)) continue
        await expectSumsOfRows(store.db, zone)
      }
    })

    test('rows that come while the roll-ups are built are counted once', { timeout: 60_000 }, async () => {
      const history = fc.sample(asked, { numRuns: 120, seed: 6 }).map(rowsOf)
      await write(store, history.slice(0, 60))
      await changeZone(store.db, 'Asia/Kolkata')
      for (let at = 60; at < history.length; at += 6) {
        await buildStep(store.db, 7)
        await write(store, history.slice(at, at + 6))
      }
      while (await buildStep(store.db, 7)) continue
      await expectSumsOfRows(store.db, 'Asia/Kolkata')
    })

    test('a store from before roll-ups gets them, also where the building was broken off', async () => {
      const history = fc.sample(asked, { numRuns: 60, seed: 7 }).map(rowsOf)
      await write(store, history)
      for (const table of SUM_TABLES) await store.db.deleteFrom(table).execute()
      await writeSetting(store.db, ROLL_UPS, writeState({ zone: 'UTC', building: { from: 0, what: 'all' } }))
      await buildStep(store.db, 20)
      expect((await readRollUpState(store.db)).building).toMatchObject({ what: 'all' })
      await store.close()
      store = await place.open()
      while (await buildStep(store.db, 20)) continue
      await expectSumsOfRows(store.db, 'UTC')
    })

    test('a change of the zone in the middle of the building loses nothing, also where hours stay hours', async () => {
      const history = fc.sample(asked, { numRuns: 60, seed: 8 }).map(rowsOf)
      await write(store, history)
      for (const table of SUM_TABLES) await store.db.deleteFrom(table).execute()
      await writeSetting(store.db, ROLL_UPS, writeState({ zone: 'UTC', building: { from: 0, what: 'all' } }))
      await buildStep(store.db, 20)
      await changeZone(store.db, 'Europe/Berlin')
      while (await buildStep(store.db, 20)) continue
      await expectSumsOfRows(store.db, 'Europe/Berlin')
    })

    test('spend outlives its rows, also when the zone changes', async () => {
      const history = fc.sample(asked, { numRuns: 80, seed: 8 }).map(rowsOf)
      await write(store, history)
      const before = await total(store.db)
      const rowsFrom = AUTUMN + DAY + 1
      expect(await noteRowsGoing(store.db, rowsFrom)).toBe(rowsFrom)
      for (const table of ['exchanges', 'ledger_calls'] as const) {
        await store.db.deleteFrom(table).where('received_at', '<', rowsFrom).execute()
      }
      for (const zone of ['Asia/Kolkata', 'Europe/Berlin']) {
        await changeZone(store.db, zone)
        while (await buildStep(store.db, 30)) continue
        expect(await total(store.db)).toEqual(before)
      }
    })

    test('rows that are not added up yet are not to be deleted', async () => {
      await write(store, fc.sample(asked, { numRuns: 40, seed: 12 }).map(rowsOf))
      await changeZone(store.db, 'Asia/Kolkata')
      expect(await noteRowsGoing(store.db, AUTUMN)).toBe(0)
      while (await buildStep(store.db)) continue
      expect(await noteRowsGoing(store.db, AUTUMN)).toBe(AUTUMN)
    })

    test('groups, filters, the rest, and time add up to the total', async () => {
      await write(store, fc.sample(asked, { numRuns: 150, seed: 9 }).map(rowsOf))
      const all = (await total(store.db))!
      for (const overTime of [false, true]) {
        for (const unit of ['hour', 'day'] as const) {
          const question = { ...EVER, organisationId: 'organisation', unit, overTime }
          for (const groupBy of [['model'], ['workspace_id', 'user_id'], ['project']] as const) {
            const rows = await sumUsage(store.db, { ...question, groupBy, limit: 1, other: true })
            expect(sum(rows)).toBe(all.cost_nanos)
            expect(rows.at(-1)!.group).toBeUndefined()
          }
          expect(sum(await sumUsage(store.db, question))).toBe(all.cost_nanos)
        }
      }
      const red = await sumTags(store.db, { ...EVER, organisationId: 'organisation', name: 'team', values: ['red'] })
      const tagged = await store.db
        .selectFrom('exchanges')
        .where('metadata', '=', '{"team":"red"}')
        .select('cost_nanos')
        .execute()
      const cost = tagged.reduce((sum, { cost_nanos }) => sum + cost_nanos, 0n)
      expect(red).toMatchObject([{ value: 'red', sums: { cost_nanos: cost } }])
      expect(await listTagNames(store.db, { ...EVER, organisationId: 'organisation' })).toMatchObject([
        { name: 'team' },
      ])
    })

    test('groups are ranked by whatever is asked for, and only that is added up', async () => {
      await write(store, fc.sample(asked, { numRuns: 150, seed: 9 }).map(rowsOf))
      for (const overTime of [false, true]) {
        const question = { ...EVER, organisationId: 'organisation', unit: 'day', groupBy: ['user_id'] } as const
        const order = ['input_tokens', 'output_tokens'] as const
        const all = await sumUsage(store.db, question)
        const size = ({ sums }: (typeof all)[number]) => sums.input_tokens + sums.output_tokens
        const largest = all.toSorted((one, other) => size(other) - size(one))[0]!
        const few = await sumUsage(store.db, { ...question, overTime, columns: ['requests'], order, limit: 1 })
        expect(few.map(({ group }) => group)).toEqual(few.map(() => largest.group))
        expect(few.reduce((sum, { sums }) => sum + sums.requests, 0)).toBe(largest.sums.requests)
        expect(sum(few)).toBe(0n)
      }
    })

    test('nothing of another organisation, workspace, person or key is in an answer', async () => {
      const history = fc.sample(asked, { numRuns: 60, seed: 10 }).map(rowsOf)
      await write(store, history)
      const theirs = (row: Exchange | Call) => ({ ...row, id: `other_${row.id}`, organisation_id: 'other' })
      await store.insertMany(
        'exchanges',
        history.map(({ exchange }) => theirs(exchange) as Exchange),
      )
      await store.insertMany(
        'ledger_calls',
        history.flatMap(({ calls }) => calls.map((call) => theirs(call) as Call)),
      )
      const cost = async (scope: object) =>
        sum(await sumUsage(store.db, { ...EVER, unit: 'day', organisationId: 'organisation', ...scope }))
      const rows = async (where: (row: Exchange) => boolean) =>
        history
          .filter(({ exchange }) => where(exchange))
          .reduce((all, one) => all + BigInt(one.exchange.cost_nanos), 0n)
      expect(await cost({})).toBe(await rows(() => true))
      expect(await cost({ workspaceId: 'ws_1' })).toBe(await rows((row) => row.workspace_id === 'ws_1'))
      expect(await cost({ userId: 'ana' })).toBe(await rows((row) => row.user_id === 'ana'))
      expect(await cost({ keyId: 'key_bo' })).toBe(await rows((row) => row.key_id === 'key_bo'))
      expect(await cost({ organisationId: 'nobody' })).toBe(0n)
    })

    test('latencies tell what share of the requests was faster, less than a tenth off', async () => {
      const times = Array.from({ length: 100 }, (_, at) => (at + 1) * 37)
      await store.insertMany(
        'exchanges',
        times.map((total_ms, at) => exchangeRow({ id: `req_${at}`, received_at: AUTUMN + at * HOUR, total_ms })),
      )
      const [row, ...others] = await readLatency(store.db, {
        ...EVER,
        organisationId: 'organisation',
        unit: 'day',
        metric: 'total',
        groupBy: ['model'],
        shares: [0.5, 0.99],
      })
      expect(others).toEqual([])
      expect(row).toMatchObject({ requests: 100, group: { model: 'claude-opus-5-20260101' } })
      const [median, slow] = row!.percentiles as [number, number]
      expect(Math.abs(median / (50 * 37) - 1)).toBeLessThan(0.1)
      expect(Math.abs(slow / (99 * 37) - 1)).toBeLessThan(0.1)
    })

    test('a batch that fails adds nothing', async () => {
      const good = exchangeRow({ id: 'req_good' })
      const bad = { ...exchangeRow({ id: 'req_bad' }), status: null as unknown as number }
      await expect(store.insertMany('exchanges', [good, bad])).rejects.toThrow()
      expect(await store.db.selectFrom('usage_hours').selectAll().execute()).toEqual([])
      await store.insertMany('exchanges', [good])
      expect(await total(store.db)).toMatchObject({ requests: 1 })
      expect(await store.db.selectFrom('usage_series').select('model').execute()).toHaveLength(1)
    })
  })
}

const SUM_TABLES = ['usage_series', 'usage_hours', 'usage_days', 'latency_hours', 'latency_days', 'tag_days'] as const

async function empty(db: Database): Promise<void> {
  for (const table of ['exchanges', 'ledger_calls', 'sessions', ...SUM_TABLES] as const) {
    if (table !== 'usage_series') await db.deleteFrom(table).execute()
  }
}

async function write(store: Store, history: readonly ReturnType<typeof rowsOf>[]): Promise<void> {
  await store.insertMany(
    'exchanges',
    history.map(({ exchange }) => exchange),
  )
  await store.insertMany(
    'ledger_calls',
    history.flatMap(({ calls }) => calls),
  )
}

async function total(db: Database) {
  const [row] = await sumUsage(db, { ...EVER, organisationId: 'organisation', unit: 'day' })
  return row?.sums
}

function sum(rows: readonly { readonly sums: { readonly cost_nanos: bigint } }[]): bigint {
  return rows.reduce((all, { sums }) => all + sums.cost_nanos, 0n)
}

/** Adds the rows up in the plainest way and compares: hours, days, sessions and tags. */
async function expectSumsOfRows(db: Database, zone: string): Promise<void> {
  const calendar = createCalendar(zone)
  const exchanges = await db.selectFrom('exchanges').selectAll().execute()
  const calls = await db.selectFrom('ledger_calls').selectAll().execute()
  const requests = exchanges.filter((row) => row.endpoint === 'messages' && row.request_class !== 'probe')

  const everything = await total(db)
  expect(everything?.cost_nanos).toBe(calls.reduce((all, { cost_nanos }) => all + cost_nanos, 0n))
  expect(everything?.cost_nanos).toBe(exchanges.reduce((all, { cost_nanos }) => all + cost_nanos, 0n))

  for (const unit of ['hour', 'day'] as const) {
    const expected = new Map<string, Record<string, unknown>>()
    const at = (row: {
      received_at: number | null
      workspace_id: string | null
      user_id: string | null
      model?: string
    }) => {
      const moment = calendar(row.received_at!)
      return JSON.stringify([unit === 'hour' ? moment.hour : moment.day, row.workspace_id, row.user_id ?? ''])
    }
    const counted = (name: string) => {
      const known = expected.get(name) ?? { requests: 0, errors: 0, calls: 0, cost_nanos: 0n, input_tokens: 0 }
      expected.set(name, known)
      return known as { requests: number; errors: number; calls: number; cost_nanos: bigint; input_tokens: number }
    }
    for (const row of requests) {
      const sums = counted(at(row))
      sums.requests++
      if (row.status >= 400 || row.outcome === 'interrupted') sums.errors++
    }
    for (const row of calls) {
      const sums = counted(at(row))
      sums.calls++
      sums.cost_nanos += row.cost_nanos
      sums.input_tokens += row.input_tokens
    }
    const rows = await sumUsage(db, {
      ...EVER,
      organisationId: 'organisation',
      unit,
      overTime: true,
      groupBy: ['workspace_id', 'user_id'],
    })
    const found = rows.map(({ start, group, sums: { requests, errors, calls, cost_nanos, input_tokens } }) => [
      JSON.stringify([start, group!.workspace_id, group!.user_id]),
      { requests, errors, calls, cost_nanos, input_tokens },
    ])
    expect(Object.fromEntries(found)).toEqual(Object.fromEntries(expected))
  }

  const sessions = await db.selectFrom('sessions').selectAll().execute()
  const bySession = Map.groupBy(
    exchanges.filter(({ session_key }) => session_key !== null),
    ({ session_key }) => session_key!,
  )
  expect(sessions.map(({ id }) => id).toSorted()).toEqual([...bySession.keys()].toSorted())
  for (const session of sessions) {
    const rows = bySession.get(session.id)!
    expect(session).toMatchObject({
      started_at: Math.min(...rows.map(({ received_at }) => received_at)),
      last_at: Math.max(...rows.map(({ received_at }) => received_at)),
      requests: rows.filter((row) => requests.includes(row)).length,
      cost_nanos: rows.reduce((all, { cost_nanos }) => all + cost_nanos, 0n),
      claimed_id: rows.find(({ session_id }) => session_id !== null)?.session_id ?? '',
    })
  }

  const tags = await sumTags(db, { ...EVER, organisationId: 'organisation', name: 'team', overTime: true })
  const tagged = exchanges.filter(({ metadata }) => metadata !== '{}')
  const costs = Map.groupBy(tagged, (row) => `${calendar(row.received_at).day} ${row.metadata}`)
  expect(Object.fromEntries(tags.map((tag) => [`${tag.start} {"team":"${tag.value}"}`, tag.sums.cost_nanos]))).toEqual(
    Object.fromEntries([...costs].map(([name, rows]) => [name, rows.reduce((all, row) => all + row.cost_nanos, 0n)])),
  )
}
