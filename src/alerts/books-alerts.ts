import type { Alert } from './alert.ts'

/** Of the books what is watched; see `BooksStats` in records/books.ts. All count since the start. */
export interface BooksHealth {
  readonly journal: { readonly appendFailures: number; readonly syncFailures: number }
  readonly calls: RowsHealth
  readonly exchanges: RowsHealth
}

interface RowsHealth {
  readonly dropped: number
  readonly refused: number
}

/** Trouble that goes on is told once in this time. */
const QUIET_MS = 3_600_000

/** What has gone wrong since the last look: undefined for nothing, or for what is still the trouble that was told. */
export function createBooksWatch(): (health: BooksHealth, now: number) => string | undefined {
  let before: readonly number[] = NONE
  let toldAt = Number.NEGATIVE_INFINITY

  return function look(health, now) {
    const counts = countsOf(health)
    const grown = WORDS.filter((_, at) => counts[at]! > before[at]!)
    before = counts
    if (grown.length === 0 || now - toldAt < QUIET_MS) return undefined
    toldAt = now
    return grown.join('; ')
  }
}

const WORDS = [
  'the journal cannot be written, so calls are refused',
  'the journal cannot be synced to the disk',
  'the store refuses rows of the ledger',
  'the store refuses records of exchanges',
] as const

const NONE = WORDS.map(() => 0)

function countsOf({ journal, calls, exchanges }: BooksHealth): readonly number[] {
  return [
    journal.appendFailures,
    journal.syncFailures,
    calls.refused + calls.dropped,
    exchanges.refused + exchanges.dropped,
  ]
}

export function booksFailing(what: string, organisationId: string, now: number): Alert {
  return {
    kind: 'books.failing',
    identity: `${now}`,
    organisationId,
    workspaceId: undefined,
    at: now,
    severity: 'critical',
    title: 'The gateway cannot keep its books',
    text: `On the gateway ${what}. Look at the space and the health of its data folder, and at its log.`,
    data: { what },
    addresses: [],
  }
}
