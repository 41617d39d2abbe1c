import type { CountedExchange, CountedStep } from './counted-exchange.ts'

/** What one exchange did upstream, each by the slug of its provider. */
export interface CallCounts {
  readonly calls: readonly { readonly provider: string; readonly outcome: CallOutcome }[]
  /** Where a call was made again. */
  readonly retried: readonly string[]
  /** Who was left for the next target. */
  readonly left: readonly string[]
  readonly skipped: readonly string[]
}

/** `interrupted`: it began to answer and did not finish; all others as in `CountedStep`. */
export type CallOutcome = Exclude<CountedStep['result'], 'skipped'> | 'interrupted'

/** Reads the calls off a record's route; one that has none went straight to its target. */
export function countCalls(record: CountedExchange): CallCounts {
  const { route } = record
  if (route.length === 0) return { ...NOTHING, calls: directCalls(record) }
  const tried = route.filter((step) => step.result !== 'skipped')
  return {
    calls: tried.map((step) => ({ provider: nameOf(step.provider), outcome: outcomeOf(step, record) })),
    retried: tried.filter(({ result }) => result === 'retried').map(({ provider }) => nameOf(provider)),
    left: route.filter(({ path }, at) => isLeft(path, route[at + 1])).map(({ provider }) => nameOf(provider)),
    skipped: route.filter(({ result }) => result === 'skipped').map(({ provider }) => nameOf(provider)),
  }
}

const NOTHING: CallCounts = { calls: [], retried: [], left: [], skipped: [] }

function directCalls({ attempts, outcome, status, providerSlug }: CountedExchange): CallCounts['calls'] {
  if (attempts === 0) return []
  const fine = outcome === 'completed' && status === 200
  return [
    {
      provider: nameOf(providerSlug),
      outcome: outcome === 'interrupted' ? 'interrupted' : fine ? 'answered' : 'failed',
    },
  ]
}

/** The step tells how the call began; whether its answer became whole is told by the exchange. */
function outcomeOf({ result }: CountedStep, { outcome }: CountedExchange): CallOutcome {
  if (result === 'answered' && outcome === 'interrupted') return 'interrupted'
  return result === 'skipped' ? 'failed' : result
}

function isLeft(path: string, next: CountedStep | undefined): boolean {
  return next !== undefined && next.path !== path
}

/** A target whose provider does not exist. */
function nameOf(slug: string | undefined): string {
  return slug ?? 'none'
}
