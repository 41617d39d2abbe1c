import type { Clock, Timer } from '../core/clock.ts'
import type { Budgets } from '../limits/budgets.ts'
import type { Bucket, Budget, RateLimit } from '../limits/limit.ts'
import { forecastSpent } from '../limits/thresholds.ts'
import {
  findLimited,
  findProviderSubject,
  listBudgetIds,
  listEndingKeys,
  listOverdueKeys,
} from '../store/alert-subjects.ts'
import type { Database } from '../store/database.ts'
import type { Alert } from './alert.ts'
import { booksFailing, createBooksWatch, type BooksHealth } from './books-alerts.ts'
import { budgetForecast } from './budget-alerts.ts'
import { KEY_NOTICE_MS, keyExpiring, keyRotationDue } from './key-alerts.ts'
import { createCircuitWatch, providerFailing, type OpenCircuit } from './provider-alerts.ts'

/** What is looked at again and again, because nobody says when it changes. */
export interface WatchParts {
  readonly clock: Clock
  readonly db: Database
  readonly organisationId: string
  readonly circuits: () => readonly OpenCircuit[]
  readonly books: () => BooksHealth
  /** The limit in force of that id. */
  readonly find: (limitId: string) => Budget | RateLimit | undefined
  readonly budgets: Pick<Budgets, 'buckets' | 'state'>
  readonly tell: (compose: () => Promise<Alert | undefined>) => void
  readonly report: (message: string, problem: unknown) => void
}

export interface Watch {
  /** Resolves when the look that is under way is over. */
  settle(): Promise<void>
  stop(): Promise<void>
}

/** Circuits and books lie in memory; keys and budgets are in the store. Milliseconds. */
const NEAR_MS = 15_000
const FAR_MS = 300_000

/** Told in one look, so that the outbox has room for what cannot wait; the others come with the next looks. */
const FORECASTS_MAX = 100
const KEYS_MAX = 500

/** Remembered, so that one that still holds costs nothing; the outbox knows what it has told anyway. */
const FORECASTS_KNOWN_MAX = 10_000

export function startWatch(parts: WatchParts): Watch {
  const { clock, db, organisationId, budgets, tell, report } = parts
  const openedIn = createCircuitWatch()
  const wrongIn = createBooksWatch()
  const forecastsTold = new Map<Bucket, string>()
  /** Where the next look goes on in a long list of keys. */
  let keysFrom = 0
  let looking: Promise<void> | undefined
  let near: Timer | undefined
  let far: Timer | undefined
  let stopped = false
  lookNear()
  lookFar()

  return {
    settle: async () => looking,
    async stop() {
      stopped = true
      near?.cancel()
      far?.cancel()
      await looking
    },
  }

  function lookNear(): void {
    const now = clock.now()
    for (const circuit of openedIn(parts.circuits(), now)) {
      tell(async () => {
        const provider = await findProviderSubject(db, circuit.providerId)
        return provider && providerFailing(circuit, provider, now)
      })
    }
    const wrong = wrongIn(parts.books(), now)
    if (wrong !== undefined) tell(async () => booksFailing(wrong, organisationId, now))
    near = clock.after(NEAR_MS, lookNear)
  }

  function lookFar(): void {
    looking = Promise.all([lookAtKeys(), lookAtBudgets()])
      .then(
        () => undefined,
        (error: unknown) => report('keys and budgets could not be looked at', error),
      )
      .finally(() => {
        looking = undefined
        if (!stopped) far = clock.after(FAR_MS, lookFar)
      })
  }

  async function lookAtKeys(): Promise<void> {
    const now = clock.now()
    const ending = (await listEndingKeys(db, now, now + KEY_NOTICE_MS)).map((key) => keyExpiring(key, now))
    const overdue = (await listOverdueKeys(db, now)).map((key) => keyRotationDue(key, now))
    const alerts = [...ending, ...overdue].filter((alert) => alert !== undefined)
    for (const alert of alerts.slice(keysFrom, keysFrom + KEYS_MAX)) tell(async () => alert)
    keysFrom = keysFrom + KEYS_MAX < alerts.length ? keysFrom + KEYS_MAX : 0
  }

  async function lookAtBudgets(): Promise<void> {
    const now = clock.now()
    let left = FORECASTS_MAX
    for (const id of await listBudgetIds(db)) {
      const budget = parts.find(id)
      if (budget?.kind !== 'budget') continue
      for (const bucket of budgets.buckets(id)) {
        const state = budgets.state(budget, bucket)
        const forecast = forecastSpent(state, now)
        // What is spent already is told as such.
        if (forecast === undefined || forecast <= budget.amount || state.spent >= budget.amount) continue
        const period = `${state.periodStart} ${budget.amount}`
        if (forecastsTold.get(bucket) === period || left-- <= 0) continue
        if (forecastsTold.size >= FORECASTS_KNOWN_MAX) forecastsTold.clear()
        forecastsTold.set(bucket, period)
        tell(async () => {
          const of = await findLimited(db, id)
          return of && budgetForecast({ budget, bucket, state, forecast }, of, now)
        })
      }
    }
  }
}
