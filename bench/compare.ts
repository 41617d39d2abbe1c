import { setTimeout as wait } from 'node:timers/promises'
import { requestBody } from './body.ts'
import { load } from './load.ts'
import type { Measured } from './process.ts'

export interface Load {
  readonly query: string
  readonly bodyBytes: number
  readonly stream: boolean
  readonly requests: number
  readonly concurrency: number
}

/** A server under load, and whose key the load has. */
export interface Side {
  readonly target: Measured
  readonly key: string
}

/** Of one side: medians over the rounds. */
export interface Figures {
  /** Processor microseconds per request, of all threads. */
  readonly cpuUs: number
  /** The same of the main thread alone: it is the one that every exchange waits for. */
  readonly mainUs: number
  /** Median milliseconds until the first byte. */
  readonly firstByteMs: number
}

export interface Comparison {
  readonly usual: Figures
  readonly other: Figures
}

/** The same load on two sides in turns. */
export async function compare(
  name: string,
  each: Load,
  { usual, other, rounds }: { readonly usual: Side; readonly other: Side; readonly rounds: number },
): Promise<Comparison> {
  const sides = [
    { side: usual, figures: [] as Figures[] },
    { side: other, figures: [] as Figures[] },
  ] as const
  // A server runs for weeks: what the compiler does in its first seconds is not what a request costs.
  for (const { side } of sides) await run(name, { ...each, requests: each.requests * 2 }, side)
  for (let round = 0; round < rounds; round++) {
    for (const { side, figures } of round % 2 === 0 ? sides : sides.toReversed()) {
      figures.push(await run(name, each, side))
    }
  }
  return { usual: middle(sides[0].figures), other: middle(sides[1].figures) }
}

async function run(name: string, each: Load, { target, key }: Side): Promise<Figures> {
  const before = { cpuMs: target.cpuMs(), mainMs: await target.mainThreadMs() }
  const result = await load({
    origin: target.origin,
    path: `/v1/messages${each.query}`,
    headers: claudeCodeHeaders(key),
    bodies: turnsOf(each),
    requests: each.requests,
    concurrency: each.concurrency,
  })
  if (result.failures > 0) throw new Error(`${name}: ${result.failures} of ${each.requests} requests failed.`)
  // What was handed to another thread during the load belongs to it.
  await idle(target)
  return {
    cpuUs: ((target.cpuMs() - before.cpuMs) * 1000) / each.requests,
    mainUs: (((await target.mainThreadMs()) - before.mainMs) * 1000) / each.requests,
    firstByteMs: quantile(result.firstByteMs, 0.5),
  }
}

/** A conversation that grows: each turn has what the one before had, and a kilobyte more. */
function turnsOf({ bodyBytes, stream }: Load): readonly Buffer[] {
  if (bodyBytes < GROWING_BYTES_MIN) return [requestBody(bodyBytes, stream)]
  return Array.from({ length: TURNS }, (_, turn) => requestBody(bodyBytes + (turn - TURNS / 2) * 1_000, stream))
}

const TURNS = 60
const GROWING_BYTES_MIN = 100_000

/** Until nothing of any weight is done any more. */
async function idle(target: Measured): Promise<void> {
  for (let before = target.cpuMs(), used = Infinity; used > 10;) {
    await wait(200)
    const now = target.cpuMs()
    used = now - before
    before = now
  }
}

function middle(figures: readonly Figures[]): Figures {
  return {
    cpuUs: median(figures.map(({ cpuUs }) => cpuUs)),
    mainUs: median(figures.map(({ mainUs }) => mainUs)),
    firstByteMs: median(figures.map(({ firstByteMs }) => firstByteMs)),
  }
}

export function median(values: readonly number[]): number {
  return quantile(
    [...values].sort((one, other) => one - other),
    0.5,
  )
}

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

/** What Claude Code sends, by name and number. */
export function claudeCodeHeaders(key: string): Record<string, string> {
  return {
    accept: 'application/json',
    authorization: `Bearer ${key}`,
    'content-type': 'application/json',
    'user-agent': 'claude-cli/2.1.330 (external, cli)',
    'x-claude-code-session-id': '00000000-0000-4000-8000-000000000001',
    'x-stainless-arch': 'x64',
    'x-stainless-lang': 'js',
    'x-stainless-os': 'Linux',
    'x-stainless-package-version': '0.128.0',
    'x-stainless-retry-count': '0',
    'x-stainless-runtime': 'node',
    'x-stainless-runtime-version': 'v26.12.1',
    'x-stainless-timeout': '600',
    'anthropic-beta':
      'claude-code-20250219,interleaved-thinking-2025-05-14,context-management-2025-06-27,effort-2025-11-24',
    'anthropic-dangerous-direct-browser-access': 'true',
    'anthropic-version': '2023-06-01',
    'x-app': 'cli',
    'accept-encoding': 'gzip, deflate, br, zstd',
  }
}
