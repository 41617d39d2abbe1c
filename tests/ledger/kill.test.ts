import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { type RawBuilder, sql } from 'kysely'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemClock } from '../../src/core/clock.ts'
import { openBooks } from '../../src/records/books.ts'
import type { Store } from '../../src/store/database.ts'
import { engineOf } from '../../src/store/engine.ts'
import { keepRollUps } from '../../src/store/rollups/keep-roll-ups.ts'
import { backends, type Place } from '../store/backends.ts'

/** How many times to kill; KILL_ROUNDS asks for more than the normal run has time for. */
const ROUNDS = Number(process.env['KILL_ROUNDS'] ?? 8)
const BOOKKEEPER = fileURLToPath(new URL('bookkeeper.ts', import.meta.url))

let folder: string
let place: Place

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'kill-'))
})

afterEach(async () => {
  await place.clear()
  fs.rmSync(folder, { recursive: true })
})

test.each(backends)(
  'a process killed at any moment loses no call, no end and no record that it was told is safe, and doubles none, on $name',
  async (backend) => {
    place = await backend.makePlace()
    const expected = new Map<string, { closed: boolean; recorded: boolean; costNanos: bigint }>()
    let interrupted = 0
    let lives = 0

    for (let life = 0; life < ROUNDS; life++) {
      note(`${life}`, await liveAndDie(`${life}`, 10 + Math.floor(Math.random() * 90)))
      // Every other time the next process is killed as well, while it brings in what the first one left.
      if (life % 2 === 1) note(`${life}r`, await liveAndDie(`${life}r`, 1))

      const store = await place.open()
      try {
        if (engineOf(store.db) === 'sqlite') {
          const check = await sql<{ integrity_check: string }>`pragma integrity_check`.execute(store.db)
          expect(check.rows).toEqual([{ integrity_check: 'ok' }])
        }
        const books = await openBooks({
          folder: path.join(folder, 'journal'),
          sink: store,
          clock: systemClock,
          log: { info() {}, warn: console.error, error: console.error },
        })
        interrupted += books.recovery.interrupted
        await books.close()
        expect(fs.readdirSync(path.join(folder, 'journal'))).toEqual([])

        const calls = await store.db
          .selectFrom('ledger_calls')
          .select(['id', 'outcome', 'interrupted_by', 'estimated', 'cost_nanos'])
          .execute()
        const exchanges = new Map(
          (await store.db.selectFrom('exchanges').select(['id', 'outcome']).execute()).map((row) => [
            row.id,
            row.outcome,
          ]),
        )
        const rows = new Map(calls.map((row) => [row.id, row]))
        expect(rows.size).toBe(calls.length)
        const wrong = []
        for (const [id, call] of expected) {
          const row = rows.get(id)
          const exchange = exchanges.get(`req_${id}`)
          if (row === undefined || exchange === undefined) wrong.push({ id, missing: true })
          else if (call.closed && (row.outcome !== 'completed' || row.cost_nanos !== call.costNanos)) wrong.push(row)
          else if (row.outcome !== 'completed' && (row.interrupted_by !== 'crash' || row.estimated !== 1))
            wrong.push(row)
          else if (call.recorded && exchange !== 'completed') wrong.push({ id, exchange })
        }
        expect(wrong).toEqual([])
        await expectSumsOfRows(store)
        // Between an entry and telling us of it a process can die, once in each life.
        expect(rows.size - expected.size).toBeLessThanOrEqual(lives)
      } finally {
        await store.close()
      }
    }

    // A run that never met an open call would have proved little.
    expect(expected.size).toBeGreaterThan(100 * ROUNDS)
    expect(interrupted).toBeGreaterThan(10 * ROUNDS)

    function note(life: string, facts: readonly string[]): void {
      lives++
      for (const fact of facts) {
        const number = Number(fact.slice(1))
        const id = `call_${life}_${number}`
        const known = expected.get(id)
        expected.set(id, {
          closed: known?.closed === true || fact.startsWith('c'),
          recorded: known?.recorded === true || fact.startsWith('r'),
          costNanos: BigInt(1_000_000 + number),
        })
      }
    }
  },
  30_000 + ROUNDS * 10_000,
)

/** The rows, and each of the tables that add them up, come to the same. */
async function expectSumsOfRows(store: Store): Promise<void> {
  const { db } = store
  const rollUps = keepRollUps({
    db,
    clock: systemClock,
    zone: () => 'Asia/Kolkata',
    report: (problem) => expect(problem).toBe(undefined),
  })
  await rollUps.settle()
  await rollUps.stop()
  const sums = sql`sum(requests) as requests, sum(input_tokens) as input, sum(cost_nanos) as cost`
  const ask = async (query: RawBuilder<Record<string, unknown>>) => {
    const { rows } = await query.execute(db)
    return Object.fromEntries(Object.entries(rows[0]!).map(([name, value]) => [name, BigInt(String(value))]))
  }
  const rows = await ask(
    sql`select (select count(*) from exchanges) as requests, sum(input_tokens) as input, sum(cost_nanos) as cost from ledger_calls`,
  )
  for (const table of ['usage_hours', 'usage_days']) {
    expect([table, await ask(sql`select ${sums} from ${sql.table(table)}`)]).toEqual([table, rows])
  }
  const exchanges = sql<
    Record<string, unknown>
  >`select count(*) as requests, sum(input_tokens) as input, sum(cost_nanos) as cost from exchanges`
  expect(await ask(sql`select ${sums} from sessions`)).toEqual(await ask(exchanges))
  for (const table of ['usage_hours', 'usage_days']) {
    const counted = await ask(
      sql`select (select count(*) from ledger_calls) as rows, sum(calls) as sums from ${sql.table(table)}`,
    )
    expect([table, counted['sums']]).toEqual([table, counted['rows']])
  }
  // What crashed has a record without the client's tags.
  const tagged = await ask(
    sql`select (select count(*) from exchanges where metadata like '%platform%') as rows,
      sum(requests) as sums from tag_days where name = 'team'`,
  )
  expect(tagged['sums']).toEqual(tagged['rows'])
}

/** Runs the bookkeeper, kills it as soon as it has printed so many lines, and returns the facts that it left. */
async function liveAndDie(life: string, linesWanted: number): Promise<string[]> {
  const child = spawn(process.execPath, [BOOKKEEPER, folder, life, JSON.stringify(place.options)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {},
  })
  let lines = 0
  child.stdout.setEncoding('latin1')
  child.stdout.on('data', (text: string) => {
    lines += text.split('\n').length - 1
    if (lines >= linesWanted) child.kill('SIGKILL')
  })
  await once(child, 'close')
  expect(child.signalCode).toBe('SIGKILL')
  return fs
    .readFileSync(path.join(folder, `facts-${life}`), 'latin1')
    .split('\n')
    .slice(0, -1)
}
