import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { formatDollars, parseDollars, type Nanos } from '../../src/core/money.ts'
import { price } from '../../src/core/pricing.ts'
import { listPrices } from '../../src/core/prices/list-prices.ts'
import type { TokenUsage } from '../../src/core/usage.ts'
import { startGateway, type TestGateway } from '../../src/testing/gateway.ts'
import { send, sendJson } from '../../src/testing/http.ts'
import { createGatewayProcess, type GatewayProcess } from './gateway-process.ts'

/*
 * Two hundred clients at once against budgets that have room for few of them, on a gateway that is killed again and again. The provider's own
 * account of what it would bill is held against what the budgets say, while it goes on and at the end.
 */

/** How many requests; BUDGET_REQUESTS asks for more than the normal run has time for. */
const REQUESTS = Number(process.env['BUDGET_REQUESTS'] ?? 300)
const CLIENTS = 200
/** Calls that the budget of one key has room for. */
const FIT = 37
const KEYS = Math.max(1, Math.round(REQUESTS / 300))
const KILLS = 2 + Math.floor(REQUESTS / 500)

let folder: string
let gateway: TestGateway
let child: GatewayProcess

beforeEach(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'budget-kill-'))
  gateway = await startGateway({
    settings: { PORTCULLIS_DATA: folder },
    upstream: { playAs: ({ model }) => behaviourOf(numberOf(model)) },
  })
  child = createGatewayProcess({
    folder,
    trustedHost: new URL(gateway.upstream.origin).host,
    settings: { PORTCULLIS_ADMIN_KEY: gateway.adminKey },
  })
})

afterEach(async () => {
  await child.kill()
  await gateway.stop()
  fs.rmSync(folder, { recursive: true })
})

test(
  'no budget is ever passed by many requests at once, whatever becomes of them and of the gateway',
  async () => {
    const bound = await measureBound()
    const keys = await Promise.all(Array.from({ length: KEYS }, () => createKey(bound * BigInt(FIT))))
    const ofAll = bound * BigInt(FIT) * (KEYS === 1 ? 1n : (BigInt(KEYS) * 6n) / 10n)
    await gateway.admin('PUT', '/organisation', {
      usage_limits: [{ type: 'cost', credit_limit: formatDollars(ofAll) }],
    })
    // It has furnished the folder; from here on the processes have it.
    await gateway.drain(0)

    const load = createLoad(keys.map(({ key }) => key))
    for (let kill = 0; kill <= KILLS; kill++) {
      const url = await child.start()
      await checkBudgets(url, keys)
      const isLast = kill === KILLS
      const ended = load.run(url)
      const watching = watchBudgets(url, keys, ended)
      if (!isLast) {
        const more = 10 + Math.floor(Math.random() * (REQUESTS / (2 * KILLS)))
        await Promise.race([gateway.upstream.arrived(gateway.upstream.requests.length + more), ended])
        load.pause()
        await child.kill()
      }
      await ended
      await watching
      if (isLast) {
        const left = await checkBudgets(url, keys)
        expect(left.held, 'what is still held when nothing runs any more').toBe(0n)
        await child.kill()
        expect(await checkBudgets(await child.start(), keys), 'budgets after one more restart').toEqual(left)
        await child.kill()
        checkLedger({ left, bound, keys, whole: load.whole, ofAll, counts: load.counts })
      }
    }
  },
  60_000 + REQUESTS * 40,
)

interface LimitedKey {
  readonly id: string
  readonly key: string
}

async function createKey(amount: Nanos): Promise<LimitedKey> {
  return await gateway.createKey({ usage_limits: { type: 'cost', credit_limit: formatDollars(amount) } })
}

/** What one call holds: all requests have bodies of one length, so all hold the same. */
async function measureBound(): Promise<Nanos> {
  const key = await createKey(1_000_000_000_000n)
  const running = sendJson(`${gateway.url}/v1/messages`, bodyFor(SLOW), ['x-api-key', key.key])
  await gateway.upstream.arrived(1)
  const { usage_limits: budget } = await gateway.admin<{ usage_limits: ShownBudget }>('GET', `/api-keys/${key.id}`)
  running.leave()
  await running.answer.catch(() => undefined)
  return dollars(budget.held)
}

/** Clients that ask one request after the other until all have been asked; those that a budget sends away for now ask again later. */
function createLoad(keys: readonly string[]) {
  const whole = new Set<string>()
  const waiting = Array.from({ length: REQUESTS }, (_, index) => index + FIRST)
  const lining: (() => void)[] = []
  const counts: Counts = { spent: 0, held: 0, other: 0, left: 0 }
  let running = 0
  let isPaused = false

  return { whole, counts, run, pause: () => void (isPaused = true) }

  async function run(url: string): Promise<void> {
    isPaused = false
    await Promise.all(
      Array.from({ length: CLIENTS }, async () => {
        while (waiting.length > 0 && !isPaused) await ask(url, waiting.shift()!)
      }),
    )
  }

  async function ask(url: string, number: number): Promise<void> {
    running++
    const exchange = sendJson(`${url}/v1/messages`, bodyFor(number), ['x-api-key', keys[number % keys.length]!])
    if (isLeft(number)) void leaveEarly(exchange, number)
    const got = await exchange.answer.catch(() => undefined)
    running--
    // Whoever stands in line comes when a call has ended, one for each; all of them when none is left to wait for.
    const isHeld = got?.status === 429
    if (!isHeld || running === 0) lining.splice(0, running === 0 ? lining.length : 1).forEach((come) => come())
    if (isHeld) {
      counts.held++
      waiting.push(number)
      if (running > 0 && !isPaused) await new Promise<void>((resolve) => void lining.push(resolve))
    } else if (
      got === undefined &&
      isPaused &&
      !gateway.upstream.requests.some(({ ask }) => ask?.model === modelOf(number))
    ) {
      waiting.push(number)
    } else if (got?.status === 402) counts.spent++
    else if (got?.status === 200 && got.whole && isFinished(number, got.body.toString())) whole.add(modelOf(number))
    else if (got !== undefined && !isPaused && behaviourOf(number) === undefined) {
      throw new Error(`${modelOf(number)} was answered with ${got.status}: ${got.body.toString()}`)
    } else counts.other++
  }

  async function leaveEarly(exchange: ReturnType<typeof sendJson>, number: number): Promise<void> {
    counts.left++
    // One in four does not even wait for the first bytes.
    if (number % 4 > 0) await exchange.firstBytes
    exchange.leave()
  }
}

/** How requests were answered that did not get a whole answer. */
interface Counts {
  spent: number
  held: number
  other: number
  left: number
}

interface ShownBudget {
  readonly credit_limit: number | string
  readonly current_usage: number | string
  readonly held: number | string
}

interface Sums {
  readonly spent: Nanos
  readonly held: Nanos
}

/** Looks again and again until the load is over or the gateway is gone. */
async function watchBudgets(url: string, keys: readonly LimitedKey[], over: Promise<void>): Promise<void> {
  let isOver = false
  void over.then(() => void (isOver = true))
  while (!isOver) {
    try {
      await checkBudgets(url, keys)
    } catch (error) {
      if (error instanceof Error && 'code' in error) return
      throw error
    }
  }
}

/** No budget has more spent and held than it has; what all keys come to. */
async function checkBudgets(url: string, keys: readonly LimitedKey[]): Promise<Sums> {
  const [organisation, ...ofKeys] = await Promise.all([
    read<{ usage_limits: ShownBudget[] }>(url, '/organisation').then(({ usage_limits: [budget] }) => budget!),
    ...keys.map(async ({ id }) => (await read<{ usage_limits: ShownBudget }>(url, `/api-keys/${id}`)).usage_limits),
  ])
  for (const budget of [organisation!, ...ofKeys]) {
    const used = dollars(budget.current_usage) + dollars(budget.held)
    expect(used, 'spent and held').toBeLessThanOrEqual(dollars(budget.credit_limit))
  }
  return {
    spent: ofKeys.reduce((sum, { current_usage: spent }) => sum + dollars(spent), 0n),
    held: ofKeys.reduce((sum, { held }) => sum + dollars(held), dollars(organisation!.held)),
  }
}

async function read<Answer>(url: string, at: string): Promise<Answer> {
  const { status, body } = await send(`${url}/v1${at}`, {
    method: 'GET',
    headers: ['x-portkey-api-key', gateway.adminKey],
  }).answer
  if (status !== 200) throw new Error(`${at} was answered with ${status}: ${body.toString()}`)
  return JSON.parse(body.toString()) as Answer
}

interface Result {
  readonly left: Sums
  readonly bound: Nanos
  readonly keys: readonly LimitedKey[]
  readonly whole: ReadonlySet<string>
  readonly ofAll: Nanos
  readonly counts: Counts
}

function checkLedger({ left, bound, keys, whole, ofAll, counts }: Result): void {
  const db = new DatabaseSync(path.join(folder, 'portcullis.db'), { readOnly: true })
  const statement = db.prepare(
    'select model, key_id, outcome, interrupted_by, buckets, cost_nanos, held_nanos from ledger_calls where model <> ?',
  )
  statement.setReadBigInts(true)
  const rows = statement.all(modelOf(SLOW)) as unknown as LedgerRow[]
  db.close()
  const byModel = new Map(rows.map((row) => [row.model, row]))
  expect(byModel.size, 'no call stands in the ledger twice').toBe(rows.length)
  expect(rows.filter(({ buckets }) => (JSON.parse(buckets) as string[]).length !== 2)).toEqual([])

  const spent = sumOf(rows.map(countedOf))
  expect(left.spent, 'budgets and ledger agree').toBe(spent)
  expect(spent).toBeLessThanOrEqual(ofAll)
  for (const { id } of keys) {
    const ofKey = sumOf(rows.filter((row) => row.key_id === id).map(countedOf))
    expect(ofKey).toBeLessThanOrEqual(bound * BigInt(FIT))
  }

  const bills = new Map<string, Nanos>()
  for (const { ask, billed } of gateway.upstream.requests) {
    if (ask!.model === modelOf(SLOW)) continue
    expect(bills.has(ask!.model), `${ask!.model} went out twice`).toBe(false)
    bills.set(ask!.model, billFor(ask!.model, billed))
  }
  for (const [model, bill] of bills) {
    expect(bill, `${model} was billed more than was held for it`).toBeLessThanOrEqual(bound)
    const row = byModel.get(model)
    expect(row, `${model} in the ledger`).toBeDefined()
    if (whole.has(model)) expect(row).toMatchObject({ outcome: 'completed', cost_nanos: bill })
  }
  for (const row of rows.filter(({ interrupted_by: by }) => by === 'crash')) {
    expect(bills.get(row.model) ?? 0n, `${row.model} was cut by a kill`).toBeLessThanOrEqual(countedOf(row))
  }
  // Of what was on its way to a client that left, some may have been lost before anybody had seen it.
  const unseen = rows
    .filter((row) => row.interrupted_by === 'client')
    .map((row) => (bills.get(row.model) ?? 0n) - countedOf(row))
  const billed = sumOf([...bills.values()])
  expect(billed - sumOf(unseen.filter((nanos) => nanos > 0n)), 'what the provider billed').toBeLessThanOrEqual(ofAll)
  expect(counts.held + counts.spent, 'requests that a budget sent away').toBeGreaterThan(0)
  if (process.env['BUDGET_REQUESTS'] !== undefined) report({ rows, bills, whole, spent, ofAll, counts })
}

interface LedgerRow {
  readonly model: string
  readonly key_id: string
  readonly outcome: string
  readonly interrupted_by: string | null
  readonly buckets: string
  readonly cost_nanos: Nanos
  readonly held_nanos: Nanos
}

/** What strict budgets count: for a call that a kill has cut, what was held for it. */
function countedOf({ cost_nanos: cost, held_nanos: held }: LedgerRow): Nanos {
  return held > cost ? held : cost
}

interface Figures {
  readonly rows: readonly LedgerRow[]
  readonly bills: ReadonlyMap<string, Nanos>
  readonly whole: ReadonlySet<string>
  readonly spent: Nanos
  readonly ofAll: Nanos
  readonly counts: Counts
}

function report({ rows, bills, whole, spent, ofAll, counts }: Figures): void {
  const beside = (by: string) => {
    const cut = rows.filter((row) => row.interrupted_by === by)
    const billed = sumOf(cut.map(({ model }) => bills.get(model) ?? 0n))
    return `${cut.length} by ${by} (${formatDollars(sumOf(cut.map(countedOf)))} counted, ${formatDollars(billed)} billed)`
  }
  process.stdout.write(
    `${REQUESTS} requests, ${KEYS} keys, ${KILLS} kills: ${rows.length} calls, ${whole.size} whole; interrupted ${['client', 'upstream', 'crash'].map(beside).join(', ')}; ` +
      `counted ${formatDollars(spent)}, billed ${formatDollars(sumOf([...bills.values()]))} of ${formatDollars(ofAll)}; ${JSON.stringify(counts)}\n`,
  )
}

function sumOf(amounts: readonly Nanos[]): Nanos {
  return amounts.reduce((sum, amount) => sum + amount, 0n)
}

function billFor(model: string, tokens: TokenUsage): Nanos {
  const usage = {
    tokens,
    steps: [{ model: undefined, kind: 'message', tokens }],
    speed: 'standard',
    geography: undefined,
    serviceTier: undefined,
  }
  return price(usage, { providerKind: 'anthropic', scope: '', model, at: Date.now() }, listPrices.table).costNanos
}

function dollars(written: number | string): Nanos {
  return parseDollars(typeof written === 'number' ? written.toFixed(9) : written)
}

/** Requests have numbers of four digits, so that their bodies are of one length. */
const FIRST = 1_000
/** The request by which is found out what one call holds. */
const SLOW = 9_999

const PADDING = 'What it is, and why. '.repeat(150)

function bodyFor(number: number): object {
  return {
    model: modelOf(number),
    max_tokens: 100,
    // Both of one length.
    stream: isStream(number) ? true : null,
    messages: [{ role: 'user', content: `Say something about ${modelOf(number)}. ${PADDING}` }],
  }
}

function isStream(number: number): boolean {
  return number === SLOW || number % 3 !== 0
}

/** Clients that leave before their answer has come. */
function isLeft(number: number): boolean {
  return number % 7 === 3
}

function isFinished(number: number, body: string): boolean {
  return isStream(number) ? body.includes('event: message_stop') : body.includes('"stop_reason"')
}

function modelOf(number: number): string {
  return `claude-budget-${number}`
}

function numberOf(model: string): number {
  return Number(model.slice('claude-budget-'.length))
}

/** What goes wrong at the provider, and answers of ten seconds, which a kill finds running. */
function behaviourOf(number: number): string | undefined {
  if (number === SLOW || isLeft(number) || number % 97 === 1) return 'sandbox-slow'
  if (number % 11 === 5) return 'sandbox-overloaded'
  if (number % 13 === 6) return 'sandbox-cut'
  if (number % 17 === 8) return 'sandbox-error-500'
  return number % 19 === 9 ? 'sandbox-cut-first' : undefined
}
