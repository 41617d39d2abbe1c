import type { Counter, Histogram, Meter } from '@opentelemetry/api'
import { errorTypeOf, type FindUpstream, inputTokens, operationOf, providerAttributes } from './describe-exchange.ts'
import type { TracedExchange } from './traced-exchange.ts'

/** Bounds that the semantic conventions for generative AI recommend, in tokens and in seconds. */
const TOKEN_BOUNDS = Array.from({ length: 14 }, (_each, power) => 4 ** power)
const DURATION_BOUNDS = Array.from({ length: 14 }, (_each, power) => 0.01 * 2 ** power)
const FIRST_TOKEN_BOUNDS = [
  0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 30, 60, 120,
]

/** Adds exchanges to the histograms of the conventions, and their cost to a counter of our own. Library and collector bound how many series there are. */
export function createMeasures(meter: Meter, find: FindUpstream): (exchange: TracedExchange) => void {
  const histogram = (name: string, unit: string, description: string, bounds: number[]): Histogram =>
    meter.createHistogram(name, { unit, description, advice: { explicitBucketBoundaries: bounds } })
  const tokens = histogram('gen_ai.client.token.usage', '{token}', 'Tokens of one exchange.', TOKEN_BOUNDS)
  const durations = histogram(
    'gen_ai.client.operation.duration',
    's',
    'From the arrival of a request to its last byte.',
    DURATION_BOUNDS,
  )
  const firstTokens = histogram(
    'gen_ai.server.time_to_first_token',
    's',
    'From the arrival of a request to its first content.',
    FIRST_TOKEN_BOUNDS,
  )
  const cost: Counter = meter.createCounter('portcullis.cost', {
    unit: '{USD}',
    description: 'Cost in US dollars; the ledger has the exact sum.',
  })

  return function measure(exchange) {
    const { workspaceId, providerSlug, modelAsked, modelServed, usage, firstTokenMs } = exchange
    const upstream =
      workspaceId === undefined || providerSlug === undefined ? undefined : find(workspaceId, providerSlug)
    const labels = {
      'gen_ai.operation.name': operationOf(exchange),
      ...providerAttributes(upstream),
      'gen_ai.request.model': modelAsked ?? 'unknown',
      ...(modelServed !== undefined && { 'gen_ai.response.model': modelServed }),
    }
    const error = errorTypeOf(exchange)
    durations.record(exchange.totalMs / 1_000, { ...labels, ...(error !== undefined && { 'error.type': error }) })
    if (firstTokenMs !== undefined) firstTokens.record(firstTokenMs / 1_000, labels)
    if (exchange.attempts === 0) return
    tokens.record(inputTokens(exchange), { ...labels, 'gen_ai.token.type': 'input' })
    tokens.record(usage.output, { ...labels, 'gen_ai.token.type': 'output' })
    const bought = { ...labels, ...(workspaceId !== undefined && { 'portcullis.workspace.id': workspaceId }) }
    cost.add(Number(exchange.costNanos) / 1e9, bought)
  }
}
