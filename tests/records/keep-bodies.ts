import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Insertable } from 'kysely'
import type { BodyReference } from '../../src/records/bodies/body-reader.ts'
import { type Bodies, type BodiesParts, createTranscripts } from '../../src/records/bodies/create-transcripts.ts'
import { openStore, type Store } from '../../src/store/database.ts'
import type { ExchangeTable } from '../../src/store/schema-records.ts'
import { createManualClock, type ManualClock } from '../../src/testing/clock.ts'
import { exchangeRow } from '../store/rows.ts'
import { hasPostgres, makeDatabase } from '../store/postgres-place.ts'

/** Where content is kept in a test, and everything that is needed to keep it. */
export interface Library {
  readonly bodies: Bodies
  readonly store: Store
  readonly clock: ManualClock
  /** Empty with PostgreSQL. */
  readonly folder: string
  /** Another process with the same master key. To be closed by its maker. */
  open(parts?: Partial<BodiesParts>): Promise<Bodies>
  close(): Promise<void>
}

export interface LibraryEngine {
  readonly name: string
  open(parts?: Partial<BodiesParts>): Promise<Library>
}

export const libraries: readonly LibraryEngine[] = [
  {
    name: 'SQLite',
    async open(parts) {
      const folder = mkdtempSync(join(tmpdir(), 'portcullis-bodies-'))
      const store = await openStore({ file: join(folder, 'portcullis.db') })
      const place = { folder: join(folder, 'bodies') }
      return await openLibrary({ store, place, folder, clear: async () => rmSync(folder, { recursive: true }), parts })
    },
  },
  ...(hasPostgres
    ? [
        {
          name: 'PostgreSQL',
          async open(parts?: Partial<BodiesParts>) {
            const { url, drop } = await makeDatabase()
            const store = await openStore({ url })
            return await openLibrary({ store, place: { databaseUrl: url }, folder: '', clear: drop, parts })
          },
        },
      ]
    : []),
]

interface LibraryParts {
  readonly store: Store
  readonly place: BodiesParts['place']
  readonly folder: string
  readonly clear: () => Promise<void>
  readonly parts: Partial<BodiesParts> | undefined
}

async function openLibrary({ store, place, folder, clear, parts }: LibraryParts): Promise<Library> {
  const clock = createManualClock()
  const quiet = { warn() {}, error() {} }
  const open = (more?: Partial<BodiesParts>) =>
    createTranscripts({ clock, log: quiet, store, sealing: Buffer.alloc(32, 7), place, ...parts, ...more })
  const bodies = await open()
  return {
    bodies,
    store,
    clock,
    folder,
    open,
    async close() {
      await bodies.close()
      await store.close()
      await clear()
    },
  }
}

/** The row that the gateway writes of such an exchange. */
export async function addRow(
  store: Store,
  reference: BodyReference,
  more: Partial<Insertable<ExchangeTable>> = {},
): Promise<void> {
  const { exchangeId, workspaceId, state, shelf } = reference
  await store.insertMany('exchanges', [
    {
      ...exchangeRow({
        id: exchangeId,
        workspace_id: workspaceId,
        body_state: state,
        shelf,
        session_key: 'ses_1',
        ...more,
      }),
    },
  ])
}
