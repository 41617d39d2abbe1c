import { describe, expect, it } from 'vitest'
import type { BooksHealth } from '../../src/alerts/books-alerts.ts'
import type { OpenCircuit } from '../../src/alerts/provider-alerts.ts'
import { startWatch } from '../../src/alerts/watch.ts'
import { newId } from '../../src/core/ids.ts'
import { NANOS_PER_DOLLAR } from '../../src/core/money.ts'
import type { Bucket, Budget } from '../../src/limits/limit.ts'
import { findKey, insertKey } from '../../src/store/keys.ts'
import { startControlPlane, type ControlPlane } from './harness.ts'
import { startReceiver, type Receiver } from './alert-receiver.ts'

/* From what happens to what a receiver is told, by the way that alerts take in the process. */

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

interface Watched {
  readonly plane: ControlPlane
  readonly receiver: Receiver
  readonly circuits: OpenCircuit[]
  readonly books: {
    readonly journal: { appendFailures: number; syncFailures: number }
    readonly calls: { refused: number; dropped: number; lastError: string | undefined }
    readonly exchanges: BooksHealth['exchanges']
  }
  /** Kind, title and data of everything that was told, in its order. */
  told(): Promise<
    readonly { type: string; title: string; text: string; severity: string; data: Record<string, unknown> }[]
  >
  /** Moves time on in small steps, so that every look that is due is over before the next one. */
  pass(ms: number, stepMs?: number): Promise<void>
}

async function startWatched(): Promise<Watched> {
  const plane = await startControlPlane({ trustedHosts: ['127.0.0.1'] })
  const receiver = await startReceiver()
  await plane.call('POST', '/alerts/channels', { name: 'Ops', kind: 'webhook', url: receiver.origin })
  const circuits: OpenCircuit[] = []
  const books = { journal: { appendFailures: 0, syncFailures: 0 }, calls: { ...NO_ROWS }, exchanges: { ...NO_ROWS } }
  plane.alerts.watch({
    circuits: () => circuits,
    books: () => structuredClone(books),
    find: (limitId) => plane.directory.rulebook().find(limitId),
    budgets: plane.budgets,
  })
  return {
    plane,
    receiver,
    circuits,
    books,
    async told() {
      await plane.alerts.settle()
      return receiver.got.map(({ body }) => JSON.parse(body))
    },
    async pass(ms, stepMs = 300_000) {
      for (let left = ms; left > 0; left -= stepMs) {
        await plane.alerts.settle()
        plane.clock.advance(Math.min(left, stepMs))
      }
      await plane.alerts.settle()
    },
  }
}

describe('budgets', () => {
  /** A key with a budget of ten dollars a month that tells at eight. */
  async function addBudget({ plane }: Watched, more: object = {}): Promise<Budget> {
    const limit = { type: 'cost', credit_limit: 10, alert_threshold: 8, periodic_reset: 'monthly', ...more }
    const { id } = await plane.newKey(['completions.write'], { name: 'ci', usage_limits: limit })
    const row = await plane.store.db.selectFrom('limits').select('id').where('subject_id', '=', id).executeTakeFirst()
    return plane.directory.rulebook().find(row!.id) as Budget
  }

  function spend({ plane }: Watched, budget: Budget, dollars: number, bucket: Bucket = budget.id): void {
    const used = { costNanos: BigInt(dollars) * NANOS_PER_DOLLAR, tokens: 0, requests: 1 }
    const hold = plane.budgets.hold([{ budget, bucket }], { bound: used, expected: used, at: plane.clock.now() })
    if (hold.kind === 'hold') hold.settle(used)
  }

  it('an amount that is reached is told once, and the end of the budget too', async () => {
    const watched = await startWatched()
    const budget = await addBudget(watched)
    for (const dollars of [7, 1, 1, 1, 1]) spend(watched, budget, dollars)
    const told = await watched.told()
    expect(told.map(({ type, severity, title }) => [type, severity, title])).toEqual([
      ['budget.threshold', 'warning', 'The budget of key “ci” is 80 % spent'],
      ['budget.exhausted', 'critical', 'The budget of key “ci” is spent'],
    ])
    expect(told[0]!.text).toBe(
      'Key “ci” has used $8.00 of $10.00 for the month. It begins anew at 2026-12-01 00:00 UTC.',
    )
    expect(told[0]!.data).toMatchObject({
      budget_id: budget.id,
      level: 'key',
      subject: 'key “ci”',
      group: null,
      unit: 'cost',
      enforcement: 'hard',
      amount: '10',
      spent: '8',
      threshold: '8',
      resets_at: '2026-12-01T00:00:00.000Z',
    })
  })

  it('the next period tells again', async () => {
    const watched = await startWatched()
    const budget = await addBudget(watched)
    spend(watched, budget, 8)
    await watched.pass(9 * DAY_MS, DAY_MS)
    spend(watched, budget, 8)
    expect((await watched.told()).filter(({ type }) => type === 'budget.threshold')).toHaveLength(2)
  })

  it('a soft budget says that requests go on', async () => {
    const watched = await startWatched()
    const budget = await addBudget(watched, { enforcement: 'soft' })
    spend(watched, budget, 11)
    const told = await watched.told()
    expect(told.at(-1)).toMatchObject({ type: 'budget.exhausted', severity: 'warning' })
    expect(told.at(-1)!.text).toContain('It only tells: requests go on.')
  })

  it('each combination that a policy groups by is told of by its values', async () => {
    const watched = await startWatched()
    const { plane } = watched
    const made = await plane.call('POST', '/policies/usage-limits', {
      name: 'each',
      conditions: [{ key: 'workspace_id', value: plane.workspace.id }],
      group_by: [{ key: 'metadata._user' }],
      type: 'cost',
      credit_limit: 50,
      workspace_id: plane.workspace.id,
    })
    expect(made.status).toBe(200)
    const limit = await plane.store.db
      .selectFrom('limits')
      .select('id')
      .where('level', '=', 'policy')
      .executeTakeFirst()
    const budget = plane.directory.rulebook().find(limit!.id) as Budget
    for (const user of ['mary@example.com', null]) spend(watched, budget, 50, `${budget.id}|${JSON.stringify([user])}`)
    expect((await watched.told()).map(({ title, data }) => [title, data['group']])).toEqual([
      ['The budget of policy “each” (mary@example.com) is spent', ['mary@example.com']],
      ['The budget of policy “each” (without) is spent', [null]],
    ])
  })

  it('a budget that will be spent before it begins anew is told of once, not in the first tenth of its period', async () => {
    const watched = await startWatched()
    const budget = await addBudget(watched, { periodic_reset: undefined, periodic_reset_days: 10 })
    spend(watched, budget, 2)
    await watched.pass(20 * HOUR_MS, HOUR_MS)
    expect(await watched.told()).toEqual([])
    await watched.pass(10 * HOUR_MS, HOUR_MS)
    const told = await watched.told()
    expect(told.map(({ type }) => type)).toEqual(['budget.forecast'])
    expect(told[0]!.data).toMatchObject({ spent: '2', amount: '10' })
    expect(Number(told[0]!.data['forecast'])).toBeGreaterThan(10)
  })

  it('a budget that was removed in the meantime is told of no more', async () => {
    const watched = await startWatched()
    const budget = await addBudget(watched)
    await watched.plane.store.db.deleteFrom('limits').execute()
    spend(watched, budget, 8)
    expect(await watched.told()).toEqual([])
  })
})

const NO_ROWS = { dropped: 0, refused: 0, lastError: undefined }

describe('keys', () => {
  it('one that ends is told of fourteen, three and one days before, each once', async () => {
    const watched = await startWatched()
    const { plane } = watched
    const end = plane.clock.now() + 20 * DAY_MS
    await plane.newKey(['completions.write'], { name: 'ci', expires_at: new Date(end).toISOString() })
    const told: [string, number][] = []
    for (let day = 0; day < 22; day++) {
      await watched.pass(DAY_MS, 4 * HOUR_MS)
      for (const { title } of (await watched.told()).slice(told.length)) told.push([title, day])
    }
    expect(told).toEqual([
      ['The key “ci” ends in 14 days', 6],
      ['The key “ci” ends in 3 days', 17],
      ['The key “ci” ends in less than a day', 19],
    ])
  })

  it('one that was made to live for two days is told of on its last one only', async () => {
    const watched = await startWatched()
    const end = watched.plane.clock.now() + 2 * DAY_MS
    await watched.plane.newKey(['completions.write'], { name: 'ci', expires_at: new Date(end).toISOString() })
    await watched.pass(3 * DAY_MS, 4 * HOUR_MS)
    expect((await watched.told()).map(({ title }) => title)).toEqual(['The key “ci” ends in less than a day'])
  })

  it('one that is due for a new secret is told of once', async () => {
    const watched = await startWatched()
    const { plane } = watched
    const { id } = await plane.newKey(['completions.write'], { name: 'ci' })
    const rotation = JSON.stringify({ next_rotation_at: plane.clock.now() + DAY_MS })
    await plane.store.db.updateTable('api_keys').set({ rotation }).where('id', '=', id).execute()
    await watched.pass(2 * DAY_MS, 4 * HOUR_MS)
    expect((await watched.told()).map(({ type, title }) => [type, title])).toEqual([
      ['key.rotation_due', 'The key “ci” is due for a new secret'],
    ])
  })

  it('many that end together are told of over several looks, so that there is room for other alerts', async () => {
    const plane = await startControlPlane()
    const { id } = await plane.newKey(['completions.write'], { name: 'ci' })
    const key = (await findKey(plane.store.db, plane.workspace.organisationId, id))!
    const ends = { expiresAt: plane.clock.now() + DAY_MS, createdAt: plane.clock.now() - 30 * DAY_MS }
    for (let at = 0; at < 1_200; at++) {
      await insertKey(plane.store.db, { ...key, ...ends, id: newId(plane.clock.now()), hash: `hash ${at}` })
    }
    const looks: (string | undefined)[][] = []
    let told: Promise<string | undefined>[] = []
    const watch = startWatch({
      clock: plane.clock,
      db: plane.store.db,
      organisationId: plane.workspace.organisationId,
      circuits: () => [],
      books: () => ({ journal: { appendFailures: 0, syncFailures: 0 }, calls: NO_ROWS, exchanges: NO_ROWS }),
      find: () => undefined,
      budgets: plane.budgets,
      tell: (compose) => void told.push(compose().then((alert) => alert?.identity)),
      report: () => undefined,
    })
    for (let look = 0; look < 4; look++) {
      await watch.settle()
      looks.push(await Promise.all(told))
      told = []
      plane.clock.advance(300_000)
    }
    await watch.stop()
    expect(looks.map(({ length }) => length)).toEqual([500, 500, 200, 500])
    expect(new Set(looks.flat()).size).toBe(1_200)
  })

  it('what happens to a key is also mailed to the addresses it names, in its workspace’s list', async () => {
    const watched = await startWatched()
    const { plane } = watched
    const end = plane.clock.now() + 20 * DAY_MS
    const { id } = await plane.newKey(['completions.write'], { name: 'ci', expires_at: new Date(end).toISOString() })
    const addresses = JSON.stringify(['mary@example.com', 'team@example.com'])
    await plane.store.db.updateTable('api_keys').set({ alert_emails: addresses }).where('id', '=', id).execute()
    await watched.pass(7 * DAY_MS, DAY_MS)
    const { data } = (await plane.call('GET', `/alerts?workspace_id=${plane.workspace.id}`)).body
    expect(data.map((row) => [row['address'], row['channel_id'], row['last_error']]).toSorted()).toEqual([
      ['mary@example.com', null, expect.stringContaining('there is no mail server')],
      ['team@example.com', null, expect.stringContaining('there is no mail server')],
    ])
  })
})

describe('providers', () => {
  const circuit = (providerId: string, openedAt: number): OpenCircuit => ({
    providerId,
    model: 'claude-opus-5',
    state: 'open',
    failures: 5,
    requests: 6,
    openedAt,
  })

  it('one whose circuit opens is told of, and again only after an hour of opening and closing', async () => {
    const watched = await startWatched()
    const { plane, circuits } = watched
    const provider = await plane.store.db.selectFrom('providers').selectAll().executeTakeFirstOrThrow()
    for (let minute = 0; minute < 90; minute++) {
      circuits[0] = circuit(provider.id, plane.clock.now())
      await watched.pass(30_000, 15_000)
      circuits.length = 0
      await watched.pass(30_000, 15_000)
    }
    const told = await watched.told()
    expect(told.map(({ type, severity, title }) => [type, severity, title])).toEqual([
      ['provider.failing', 'critical', 'The provider @sandbox is failing'],
      ['provider.failing', 'critical', 'The provider @sandbox is failing'],
    ])
    expect(told[0]!.data).toMatchObject({ provider_id: provider.id, model: 'claude-opus-5', failures: 5, requests: 6 })
  })

  it('one that stays open is told of once', async () => {
    const watched = await startWatched()
    const provider = await watched.plane.store.db.selectFrom('providers').selectAll().executeTakeFirstOrThrow()
    watched.circuits[0] = circuit(provider.id, watched.plane.clock.now())
    await watched.pass(3 * HOUR_MS, 60_000)
    expect(await watched.told()).toHaveLength(1)
  })
})

describe('books', () => {
  it('a journal that cannot be written is told of, and once an hour while it lasts', async () => {
    const watched = await startWatched()
    const started = watched.plane.clock.now()
    while (watched.plane.clock.now() < started + 90 * 60_000) {
      watched.books.journal.appendFailures += 1
      await watched.pass(60_000, 15_000)
    }
    const told = await watched.told()
    expect(told.map(({ type, severity }) => [type, severity])).toEqual([
      ['books.failing', 'critical'],
      ['books.failing', 'critical'],
    ])
    expect(told[0]!.text).toContain('the journal cannot be written, so calls are refused')
  })

  it('is told also when the store itself takes nothing any more', async () => {
    const watched = await startWatched()
    await watched.told()
    await watched.plane.store.db.schema.alterTable('alert_deliveries').renameTo('hidden').execute()
    watched.books.calls.refused = 3
    await watched.pass(15_000, 15_000)
    await watched.pass(60_000, 10_000)
    expect((await watched.told()).map(({ text }) => text)).toEqual([
      expect.stringContaining('the store refuses rows of the ledger'),
    ])
  })
})
