import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { openStore } from './store/database.ts'
import { type AuditVerdict, verifyAudit } from './store/verify-audit.ts'

/**
 * Checks the audit trail of a data folder that no gateway uses, or, with its URL, that of a PostgreSQL database. Throws, with a
 * sentence for the operator, when there is no database or when a gateway holds the folder.
 */
export async function verifyDataFolder(folder: string, url?: string): Promise<AuditVerdict> {
  const file = join(folder, 'portcullis.db')
  if (url === undefined && !existsSync(file)) {
    throw new Error(`There is no ${file}. PORTCULLIS_DATA names its folder.`)
  }
  const store = await openStore(url === undefined ? { file } : { url })
  try {
    return await verifyAudit(store.db)
  } finally {
    await store.close()
  }
}

/** The verdict in words, and the exit code that goes with it. */
export function tellVerdict({ entries, last, problem }: AuditVerdict): { readonly text: string; readonly code: 0 | 1 } {
  const end = last === undefined ? '' : `The last is number ${last.number}, ${last.hash}.\n`
  if (problem === undefined) {
    return { text: `${entries} entries, none was changed since it was written.\n${end}`, code: 0 }
  }
  return { text: `Entry ${problem.number} does not fit: ${problem.why}. ${entries} before it do.\n${end}`, code: 1 }
}
