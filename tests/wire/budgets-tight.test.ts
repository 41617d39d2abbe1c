import { expect, test } from 'vitest'
import { NANOS_PER_DOLLAR, formatDollars } from '../../src/core/money.ts'
import { createPrices, readPriceTable } from '../../src/core/pricing.ts'
import listPrices from '../../src/core/prices/2026-11-23.json' with { type: 'json' }
import type { Budget } from '../../src/limits/limit.ts'
import { claudeCodeSession } from '../../src/testing/claude-code-body.ts'
import { createManualClock } from '../../src/testing/clock.ts'
import { send } from '../../src/testing/http.ts'
import { budget, limitTo } from './budgets-harness.ts'
import { EVENT_STREAM, KEY, startDataPlane, startProvider } from './data-plane.ts'

/*
 * How far a budget that holds what is likely is passed, when developers work through one key at the same time: sessions in the shape and size of
 * Claude Code's, with a provider that counts, caches and answers as a real one may, thinking that nobody sees in the stream included. A budget that
 * holds the most is never passed by any of them. docs/guide/budgets.md tells the figures; PORTCULLIS_TEST_FIGURES=1 prints them.
 */

const SESSIONS = [
  { name: 'short', turns: 6, bytes: 90_000 },
  { name: 'usual', turns: 20, bytes: 300_000 },
  { name: 'long', turns: 30, bytes: 700_000 },
] as const

const TELLS_FIGURES = process.env['PORTCULLIS_TEST_FIGURES'] === '1'

const MODEL = 'claude-opus-5-5'
const PRICES = createPrices([{ id: 'list', validFrom: 0, table: readPriceTable(listPrices) }])

test.each([
  { developers: 1, dollars: 1n },
  { developers: 10, dollars: 5n },
  // Takes half a minute: only where its figures are asked for.
  ...(TELLS_FIGURES ? [{ developers: 40, dollars: 10n }] : []),
])(
  '$developers developers at once pass a tight budget by a bounded amount, and a strict one not at all',
  async ({ developers, dollars }) => {
    for (const session of SESSIONS) {
      const amount = dollars * NANOS_PER_DOLLAR
      const strict = await work(session, developers, amount, 'strict')
      const tight = await work(session, developers, amount, 'tight')
      tell(`${session.name}, ${developers}: strict ${strict.told}; tight ${tight.told}`)
      expect(strict.served).toBeGreaterThan(3 * developers)
      expect(strict.spent).toBeLessThanOrEqual(amount)
      expect(tight.served).toBeGreaterThan(3 * developers)
      // Of each call that runs when the budget ends: its input, one piece of text, and the thinking that had no bytes.
      expect(tight.spent - amount).toBeLessThanOrEqual(BigInt(developers) * ONE_CALL_NANOS)
    }
  },
  120_000,
)

/** A tenth of a dollar: what a call can have used before its stream shows it. */
const ONE_CALL_NANOS = NANOS_PER_DOLLAR / 10n

interface Worked {
  readonly spent: bigint
  readonly served: number
  readonly told: string
}

/** Every developer works turn after turn, and waits and asks again when told to, until the budget is spent or the session is over. */
async function work(
  { turns, bytes }: (typeof SESSIONS)[number],
  developers: number,
  amount: bigint,
  mode: Budget['mode'],
): Promise<Worked> {
  const limits = limitTo([budget({ amount, mode })], createManualClock(Date.UTC(2026, 10, 23, 12)))
  const provider = await startProvider((_request, response, body) => void answer(body, response))
  const gateway = await startDataPlane({ origin: provider.origin, limits, prices: PRICES })
  let served = 0
  let ended = 0
  const develop = async (seed: number): Promise<void> => {
    for (const body of claudeCodeSession({ turns, bytes, seed, model: MODEL })) {
      const status = await ask(body)
      if (status !== 200) return
    }
  }
  const ask = async (body: Buffer): Promise<number> => {
    for (;;) {
      const { status, body: said } = await send(`${gateway.url}/v1/messages`, {
        headers: ['content-type', 'application/json', 'authorization', `Bearer ${KEY}`],
        body,
      }).answer
      if (status === 200) served += 1
      if (said.includes('event: error')) {
        ended += 1
        return 402
      }
      if (status !== 429) return status
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  await Promise.all(Array.from({ length: developers }, (_, at) => develop(at + 1)))
  await gateway.stop()
  await provider.stop()
  const { spent, held } = limits.stateOf('budget-key')
  expect(held).toBe(0n)
  const over = spent > amount ? `${formatDollars(spent - amount)} over` : `${formatDollars(amount - spent)} left`
  return { spent, served, told: `${served} answers, ${ended} ended early, $${over} of $${formatDollars(amount)}` }
}

/** Counts three and a half bytes as a token, reads all but the last turn from its cache, and thinks before every fourth answer without a word. */
async function answer(body: Buffer, response: Parameters<Parameters<typeof startProvider>[0]>[1]): Promise<void> {
  const { messages } = JSON.parse(body.toString()) as { messages: unknown[] }
  const input = Math.round(body.length / 3.5)
  const fresh = messages.length < 4 ? input : Math.round(JSON.stringify(messages.slice(-2)).length / 3.5)
  const draw = drawFrom(body.length)
  // Most answers are some hundred tokens; one in fifty has thousands.
  const text = Math.round(150 * Math.exp(draw() * 2.2)) + (draw() < 0.02 ? 6_000 : 0)
  const thinking = draw() < 0.25 ? Math.round(2_000 * draw()) : 0
  const usage = { input_tokens: 3, cache_creation_input_tokens: fresh, cache_read_input_tokens: input - fresh }
  const write = (event: { readonly type: string; readonly [member: string]: unknown }) =>
    !response.destroyed && response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
  response.writeHead(200, EVENT_STREAM)
  write({ type: 'message_start', message: { type: 'message', model: MODEL, usage: { ...usage, output_tokens: 1 } } })
  write({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } })
  for (let told = 0; told < text; told += 100) {
    if (response.destroyed) return
    write({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'word '.repeat(80) } })
    await new Promise((resolve) => setImmediate(resolve))
  }
  write({
    type: 'message_delta',
    delta: { stop_reason: 'end_turn' },
    usage: { ...usage, output_tokens: text + thinking },
  })
  write({ type: 'message_stop' })
  response.end()
}

/** The same numbers from 0 to 1 for the same seed. */
function drawFrom(seed: number): () => number {
  let state = seed % 2_147_483_647
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647
}

function tell(figures: string): void {
  if (TELLS_FIGURES) process.stderr.write(`${figures}\n`)
}
