import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { newId } from '../../src/core/ids.ts'
import { createBudgets, type BudgetsParts } from '../../src/limits/create-budgets.ts'
import type { Budget, Reset } from '../../src/limits/limit.ts'
import type { Store } from '../../src/store/database.ts'
import { insertLimit } from '../../src/store/limits.ts'
import { readSpent } from '../../src/store/spent.ts'
import { createManualClock } from '../../src/testing/clock.ts'
import { backends } from '../store/backends.ts'
import { callRow } from '../store/rows.ts'
import { addOrganisation } from '../store/tenants.ts'

/* Budgets that are added up from the ledger stand where those stood that counted call by call. */

const DAY_MS = 86_400_000
const START = Date.UTC(2026, 9, 1, 7, 31, 17)
const ZONES = ['UTC', 'Europe/Berlin', 'Asia/Kathmandu', 'America/St_Johns']

let store: Store
let organisationId: Awaited<ReturnType<typeof addOrganisation>>

const anyReset = fc.oneof(
  fc.constantFrom<Reset[]>({ every: 'day' }, { every: 'week' }, { every: 'month' }, { every: 'never' }),
  fc.integer({ min: 1, max: 60 }).map((days): Reset => ({ every: 'days', days })),
)
const anyBudget = fc.record({
  unit: fc.constantFrom<Budget['unit'][]>('cost', 'tokens', 'requests'),
  reset: anyReset,
  /** When counting began, after the start of it all. */
  since: fc.oneof(fc.constant(0), fc.nat(3 * DAY_MS)),
})
const anyCall = fc.record({
  levels: fc.uniqueArray(fc.nat(3), { minLength: 1 }),
  value: fc.constantFrom('ann', 'ben'),
  pauseMs: fc.oneof(fc.nat(60_000), fc.nat(DAY_MS), fc.nat(9 * DAY_MS)),
  used: fc.record({
    costNanos: fc.bigInt({ min: 0n, max: 2n ** 50n }),
    tokens: fc.nat(100_000),
    requests: fc.constantFrom(0, 1),
  }),
})

const PROMISE = 'budgets stand after a restart where they stood before, whenever it comes and in whatever zone'

test.each(backends)(
  `${PROMISE}, on $name`,
  async (backend) => {
    const place = await backend.makePlace()
    store = await place.open()
    onTestFinished(async () => {
      await store.close()
      await place.clear()
    })
    organisationId = await addOrganisation(store.db)
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...ZONES),
        fc.array(anyBudget, { minLength: 1, maxLength: 4 }),
        fc.array(anyCall, { minLength: 1, maxLength: 40, size: 'max' }),
        fc.option(fc.nat(39)),
        restart,
      ),
      { numRuns: 40 },
    )
  },
  60_000,
)

async function restart(
  zone: string,
  specs: readonly { unit: Budget['unit']; reset: Reset; since: number }[],
  calls: readonly (typeof anyCall extends fc.Arbitrary<infer Call> ? Call : never)[],
  resetBefore: number | null,
): Promise<void> {
  await clear()
  const budgets = specs.map((spec, index) => budgetOf(`budget-${index}`, spec))
  for (const budget of budgets) await addLimit(budget)
  const clock = createManualClock(START)
  const resets = new Map<string, number>()
  const parts: BudgetsParts = { clock, zone: () => zone, resets: (bucket) => resets.get(bucket) }
  const counting = createBudgets(parts)

  for (const [number, { levels, value, pauseMs, used }] of calls.entries()) {
    clock.advance(pauseMs)
    if (number === resetBefore) {
      clock.advance(1)
      resets.set('budget-1|["ann"]', clock.now())
      await store.db.insertInto('bucket_resets').values({ bucket: 'budget-1|["ann"]', since: clock.now() }).execute()
    }
    const at = clock.now()
    const purses = [...new Set(levels.map((level) => level % budgets.length))]
      // A budget that was not there yet is charged for nothing.
      .filter((index) => budgets[index]!.since <= at)
      .map((index) => ({ budget: budgets[index]!, bucket: bucketOf(index, value) }))
    const hold = counting.hold(purses, { bound: used, expected: used, at })
    if (hold.kind === 'shortage') throw new Error('There is always room.')
    hold.settle(used)
    await store.insertMany('ledger_calls', [
      callRow({
        id: newId(at),
        opened_at: at,
        ordinal: 1 - used.requests,
        buckets: JSON.stringify(hold.buckets),
        ...NO_TOKENS,
        input_tokens: used.tokens,
        cost_nanos: used.costNanos,
      }),
    ])
  }

  const restarted = createBudgets({ ...parts, spent: await readSpent(store.db, { zone, now: clock.now() }) })
  for (const [index, budget] of budgets.entries()) {
    for (const value of ['ann', 'ben']) {
      const bucket = bucketOf(index, value)
      expect(restarted.state(budget, bucket)).toEqual(counting.state(budget, bucket))
      for (const every of ['day', 'week', 'month'] as const) {
        const changed = { ...budget, reset: { every } }
        expect(restarted.state(changed, bucket), `changed to a ${every}`).toEqual(counting.state(changed, bucket))
      }
    }
  }
}

const NO_TOKENS = {
  output_tokens: 0,
  cache_read_tokens: 0,
  cache_write_5m_tokens: 0,
  cache_write_1h_tokens: 0,
}

/** Every other one groups by a value. */
function bucketOf(index: number, value: string): string {
  return index % 2 === 0 ? `budget-${index}` : `budget-${index}|["${value}"]`
}

function budgetOf(id: string, { unit, reset, since }: { unit: Budget['unit']; reset: Reset; since: number }): Budget {
  return {
    kind: 'budget',
    id,
    level: 'policy',
    of: 'whoever it is',
    workspaceId: undefined,
    unit,
    amount: 10n ** 18n,
    reset,
    since: START + since,
    hard: true,
    mode: 'strict',
    alertAt: [],
  }
}

async function addLimit({ id, level, since, unit, amount, reset, hard, mode, alertAt }: Budget): Promise<void> {
  await insertLimit(store.db, {
    id,
    organisationId,
    workspaceId: undefined,
    level,
    subjectId: id,
    terms: { kind: 'budget', unit, amount, reset, hard, mode, alertAt },
    since,
    createdAt: since,
    updatedAt: since,
  })
}

async function clear(): Promise<void> {
  for (const table of ['ledger_calls', 'limits', 'bucket_resets'] as const) await store.db.deleteFrom(table).execute()
}
