import type { Alert } from './alert.ts'

/** Of the books what is watched; see `BooksStats` in records/books.ts. Numbers count since the start. */
export interface BooksHealth {
  readonly journal: { readonly appendFailures: number; readonly syncFailures: number }
  readonly calls: RowsHealth
  readonly exchanges: RowsHealth
}

interface RowsHealth {
  readonly dropped: number
  readonly refused: number
  /** Of the last try to write, while it is the last word. */
  readonly lastError: string | undefined
}

/** Trouble that goes on is told once in this time. */
const QUIET_MS = 3_600_000

/** What has gone wrong since the last look: undefined for nothing, or for what is still the trouble that was told. */
export function createBooksWatch(): (health: BooksHealth, now: number) => string | undefined {
  let before: BooksHealth | undefined
  let toldAt = Number.NEGATIVE_INFINITY

  return function look(health, now) {
    const troubles = TROUBLES.filter(({ isThere }) => isThere(health, before ?? HEALTHY)).map(({ words }) => words)
    before = health
    if (troubles.length === 0 || now - toldAt < QUIET_MS) return undefined
    toldAt = now
    return troubles.join('; ')
  }
}

interface Trouble {
  readonly words: string
  isThere(now: BooksHealth, before: BooksHealth): boolean
}

const TROUBLES: readonly Trouble[] = [
  {
    words: 'the journal cannot be written, so calls are refused',
    isThere: (now, before) => now.journal.appendFailures > before.journal.appendFailures,
  },
  {
    words: 'the journal cannot be synced to the disk',
    isThere: (now, before) => now.journal.syncFailures > before.journal.syncFailures,
  },
  {
    // One failure passes with the next try; the same at two looks is no accident.
    words: 'the store takes no rows, which wait in the journal',
    isThere: (now, before) => isStuck(now.calls, before.calls) || isStuck(now.exchanges, before.exchanges),
  },
  {
    words: 'the store refuses rows of the ledger',
    isThere: (now, before) => lost(now.calls) > lost(before.calls),
  },
  {
    words: 'the store refuses records of exchanges',
    isThere: (now, before) => lost(now.exchanges) > lost(before.exchanges),
  },
]

function isStuck(now: RowsHealth, before: RowsHealth): boolean {
  return now.lastError !== undefined && before.lastError !== undefined
}

function lost({ dropped, refused }: RowsHealth): number {
  return dropped + refused
}

const NO_LOSS: RowsHealth = { dropped: 0, refused: 0, lastError: undefined }
const HEALTHY: BooksHealth = { journal: { appendFailures: 0, syncFailures: 0 }, calls: NO_LOSS, exchanges: NO_LOSS }

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
