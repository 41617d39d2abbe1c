import { hashOf, NO_HASH } from './audit.ts'
import type { Database } from './database.ts'

/** An entry that somebody wrote down elsewhere. */
export interface KnownEntry {
  readonly number: number
  readonly hash: string
}

export interface AuditVerdict {
  /** How many entries fit together, from the first. */
  readonly entries: number
  /** The last of them; write it down elsewhere, and a trail whose end was cut off will be found out. */
  readonly last: (KnownEntry & { readonly at: number }) | undefined
  /** The first that does not fit, and why. */
  readonly problem: { readonly number: number; readonly why: string } | undefined
}

const ROWS_AT_ONCE = 500

/**
 * Walks the whole trail from the first entry and hashes each again. Whoever changes the file and hashes everything after it
 * anew, or cuts the end off, is found out with a `known` entry only.
 */
export async function verifyAudit(db: Database, known?: KnownEntry): Promise<AuditVerdict> {
  let entries = 0
  let last: AuditVerdict['last']
  for (;;) {
    const rows = await db
      .selectFrom('audit_entries')
      .selectAll()
      .where('number', '>', entries)
      .orderBy('number')
      .limit(ROWS_AT_ONCE)
      .execute()
    for (const row of rows) {
      const number = entries + 1
      const problem = (why: string): AuditVerdict => ({ entries, last, problem: { number, why } })
      if (row.number !== number) return problem('it is missing')
      if (row.previous_hash !== (last?.hash ?? NO_HASH)) return problem('it does not follow the one before')
      if (row.hash !== hashOf(row)) return problem('it was changed after it was written')
      if (known?.number === number && known.hash !== row.hash) return problem('it is not the one that was written down')
      entries = number
      last = { number, hash: row.hash, at: row.at }
    }
    if (rows.length < ROWS_AT_ONCE) break
  }
  const isCut = known !== undefined && known.number > entries
  return { entries, last, problem: isCut ? { number: entries + 1, why: 'it is missing' } : undefined }
}
