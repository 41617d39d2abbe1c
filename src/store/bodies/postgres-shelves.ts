import { connectPostgres, type PostgresConnection, type PostgresPool } from '../postgres.ts'
import { StoreError } from '../store-error.ts'
import {
  type BodyShelves,
  chapterIsGone,
  earlierChapters,
  type ShelfBatch,
  type StoredChapter,
  type StoredManifest,
  type StoredSegment,
  type WordHit,
} from './body-shelves.ts'

/*
 * Shelves as tables of PostgreSQL, four for each, so that throwing a shelf away is dropping tables. Several gateways may
 * write to the same shelf, and each has chapters of its own there.
 */

/** Connects once. Throws, with a sentence for the operator, when the database cannot be used. */
export async function openPostgresShelves(url: string): Promise<BodyShelves> {
  const pool = await connectPostgres(url)
  /** Those whose tables this process has seen. */
  const known = new Set<string>()

  return {
    async put(shelf, batch) {
      await inMadeShelf(shelf, (connection) => putBatch(connection, shelf, batch))
    },
    manifests: async (shelf, exchangeId) =>
      await select<StoredManifest>(`${selectManifests(shelf)} where exchange_id = $1`, [exchangeId]),
    manifestsOf: async (shelf, chapter) =>
      await select<StoredManifest>(`${selectManifests(shelf)} where chapter = $1`, [chapter]),
    chapter: async (shelf, id) => (await select<StoredChapter>(`${selectChapters(shelf)} where id = $1`, [id]))[0],
    segments: async (shelf, chapter, seqs) =>
      await select<StoredSegment>(
        `select chapter, seq, sealed from ${nameOf(shelf, 'segments')}
         where chapter = $1 and seq in (select value::int from jsonb_array_elements_text($2::jsonb))`,
        [chapter, JSON.stringify(seqs)],
      ),
    findWords: async (shelf, { workspaceIds, words, since, until, limit }) =>
      words.length === 0
        ? []
        : await select<WordHit>(
            `select exchange_id as "exchangeId", workspace_id as "workspaceId", received_at as "receivedAt"
             from ${nameOf(shelf, 'words')}
             where words @@ $1::tsquery and received_at >= $3 and received_at < $4
               and workspace_id in (select jsonb_array_elements_text($2::jsonb))
             order by received_at desc, exchange_id desc limit $5`,
            [words.map(quoteLexeme).join(' & '), JSON.stringify(workspaceIds), since, until, limit],
          ),
    async deleteScope(shelf, scope) {
      await unlessAbsent(() => transact(pool, (connection) => deleteScope(connection, shelf, scope)), undefined)
    },
    async deleteExchange(shelf, exchangeId, segments) {
      await unlessAbsent(
        () =>
          transact(pool, async (connection) => {
            for (const table of ['manifests', 'words'] as const) {
              await connection.query(`delete from ${nameOf(shelf, table)} where exchange_id = $1`, [exchangeId])
            }
            for (const { chapter, seq } of segments) {
              await connection.query(`delete from ${nameOf(shelf, 'segments')} where chapter = $1 and seq = $2`, [
                chapter,
                seq,
              ])
            }
          }),
        undefined,
      )
    },
    async forgetWords(shelf, workspaceId) {
      const words = nameOf(shelf, 'words')
      await unlessAbsent(
        () =>
          lend(pool, (connection) => connection.query(`delete from ${words} where workspace_id = $1`, [workspaceId])),
        undefined,
      )
    },
    scopes: async (shelf) =>
      await select(`select distinct scope, workspace_id as "workspaceId" from ${nameOf(shelf, 'chapters')}`, []),
    async moveScope(from, to, scope) {
      if ((await select(`select 1 as there from ${nameOf(from, 'chapters')} limit 1`, [])).length === 0) return
      await inMadeShelf(to, async (connection) => {
        for (const table of ['chapters', 'segments', 'manifests'] as const) {
          const which = table === 'chapters' ? 'scope = $1' : ofScope(from)
          await connection.query(
            `insert into ${nameOf(to, table)} select * from ${nameOf(from, table)} where ${which} on conflict do nothing`,
            [scope],
          )
        }
        await deleteScope(connection, from, scope)
      })
    },
    async list() {
      const tables = await select<{ name: string }>(
        `select relname as name from pg_class
         where relkind = 'r' and relnamespace = current_schema()::regnamespace and relname like 'bodies\\_%\\_chapters'`,
        [],
      )
      return tables.map(({ name }) => name.slice('bodies_'.length, -'_chapters'.length).replace('_', '-'))
    },
    async drop(shelf) {
      known.delete(shelf)
      const names = TABLES.map((table) => nameOf(shelf, table)).join(', ')
      await transact(pool, (connection) => connection.query(`drop table if exists ${names}`, []))
    },
    close: () => pool.close(),
  }

  async function select<Row>(sql: string, parameters: readonly unknown[]): Promise<readonly Row[]> {
    return await unlessAbsent(
      () => lend(pool, async (connection) => (await connection.query(sql, parameters)).rows as readonly Row[]),
      [],
    )
  }

  /** Another process may have dropped the tables since this one has seen them. */
  async function inMadeShelf(shelf: string, work: (connection: PostgresConnection) => Promise<void>): Promise<void> {
    if (!known.has(shelf)) await make(shelf)
    try {
      await transact(pool, work)
    } catch (error) {
      if (!isAbsent(error)) throw error
      await make(shelf)
      await transact(pool, work)
    }
  }

  async function make(shelf: string): Promise<void> {
    // Two processes that make the same table at once would be in each other's way in spite of "if not exists".
    await transact(pool, async (connection) => {
      await connection.query("select pg_advisory_xact_lock(hashtext('portcullis body shelves'))", [])
      await connection.run(schemaOf(shelf))
    })
    known.add(shelf)
  }
}

const TABLES = ['chapters', 'segments', 'manifests', 'words'] as const

/** The name of a table. A shelf's name comes from a row too, and a row may not become SQL. */
function nameOf(shelf: string, table: (typeof TABLES)[number]): string {
  if (!/^[0-9a-z]{1,10}-\d{8}$/.test(shelf)) throw new StoreError(`${JSON.stringify(shelf)} is no shelf.`, 'other')
  return `bodies_${shelf.replace('-', '_')}_${table}`
}

function selectChapters(shelf: string): string {
  return `select id, workspace_id as "workspaceId", scope, key_id as "keyId", wrapped_key as "wrappedKey", begun_at as "begunAt"
    from ${nameOf(shelf, 'chapters')}`
}

function selectManifests(shelf: string): string {
  return `select exchange_id as "exchangeId", kind, ordinal, chapter, sealed from ${nameOf(shelf, 'manifests')}`
}

function ofScope(shelf: string): string {
  return `chapter in (select id from ${nameOf(shelf, 'chapters')} where scope = $1)`
}

/** Sealed bytes cannot be compressed again, so the server is told not to try. */
function schemaOf(shelf: string): string {
  const [chapters, segments, manifests, words] = TABLES.map((table) => nameOf(shelf, table)) as [
    string,
    string,
    string,
    string,
  ]
  return `
    create table if not exists ${chapters} (
      id text primary key, workspace_id text not null, scope text not null, key_id text not null,
      wrapped_key bytea not null, begun_at bigint not null
    );
    create index if not exists ${chapters}_scope on ${chapters} (scope);
    create table if not exists ${segments} (
      chapter text not null, seq integer not null, sealed bytea not null, primary key (chapter, seq)
    );
    alter table ${segments} alter column sealed set storage external;
    create table if not exists ${manifests} (
      exchange_id text not null, kind text not null, ordinal integer not null, chapter text not null, sealed bytea not null,
      primary key (exchange_id, kind, ordinal)
    );
    alter table ${manifests} alter column sealed set storage external;
    create index if not exists ${manifests}_chapter on ${manifests} (chapter);
    create table if not exists ${words} (
      exchange_id text primary key, chapter text not null, workspace_id text not null, received_at bigint not null,
      words tsvector not null
    );
    create index if not exists ${words}_word on ${words} using gin (words);
    create index if not exists ${words}_time on ${words} (received_at);
  `
}

async function putBatch(connection: PostgresConnection, shelf: string, batch: ShelfBatch): Promise<void> {
  const { chapters, segments, manifests, words } = batch
  await insert(connection, nameOf(shelf, 'chapters'), 'on conflict do nothing', {
    columns: ['id', 'workspace_id', 'scope', 'key_id', 'wrapped_key', 'begun_at'],
    rows: chapters.map((each) => [each.id, each.workspaceId, each.scope, each.keyId, each.wrappedKey, each.begunAt]),
  })
  const earlier = earlierChapters(batch)
  if (earlier.length > 0) {
    // Until this is committed nobody deletes them.
    const { rows } = await connection.query(
      `select id from ${nameOf(shelf, 'chapters')} where id in (select jsonb_array_elements_text($1::jsonb)) for share`,
      [JSON.stringify(earlier)],
    )
    if (rows.length < earlier.length) throw chapterIsGone()
  }
  await insert(connection, nameOf(shelf, 'segments'), 'on conflict do nothing', {
    columns: ['chapter', 'seq', 'sealed'],
    rows: segments.map((each) => [each.chapter, each.seq, each.sealed]),
  })
  const replace =
    'on conflict (exchange_id, kind, ordinal) do update set chapter = excluded.chapter, sealed = excluded.sealed'
  await insert(connection, nameOf(shelf, 'manifests'), replace, {
    columns: ['exchange_id', 'kind', 'ordinal', 'chapter', 'sealed'],
    rows: lastOfEach(manifests).map((each) => [each.exchangeId, each.kind, each.ordinal, each.chapter, each.sealed]),
  })
  for (const { exchangeId, chapter, workspaceId, receivedAt, words: list } of words) {
    await connection.query(
      `insert into ${nameOf(shelf, 'words')} values ($1, $2, $3, $4,
         array_to_tsvector(array(select jsonb_array_elements_text($5::jsonb)))) on conflict do nothing`,
      [exchangeId, chapter, workspaceId, receivedAt, JSON.stringify(list)],
    )
  }
}

/** One statement cannot replace a row that it has inserted itself. */
function lastOfEach(manifests: readonly StoredManifest[]): StoredManifest[] {
  return [...new Map(manifests.map((each) => [`${each.exchangeId} ${each.kind} ${each.ordinal}`, each])).values()]
}

interface Rows {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly unknown[])[]
}

async function insert(
  connection: PostgresConnection,
  table: string,
  conflict: string,
  { columns, rows }: Rows,
): Promise<void> {
  if (rows.length === 0) return
  const marks = rows.map(
    (_, row) => `(${columns.map((_, column) => `$${row * columns.length + column + 1}`).join(', ')})`,
  )
  await connection.query(
    `insert into ${table} (${columns.join(', ')}) values ${marks.join(', ')} ${conflict}`,
    rows.flat(),
  )
}

async function deleteScope(connection: PostgresConnection, shelf: string, scope: string): Promise<void> {
  // Whoever is adding to one of them goes first.
  await connection.query(`select id from ${nameOf(shelf, 'chapters')} where scope = $1 order by id for update`, [scope])
  for (const table of ['words', 'manifests', 'segments'] as const) {
    await connection.query(`delete from ${nameOf(shelf, table)} where ${ofScope(shelf)}`, [scope])
  }
  await connection.query(`delete from ${nameOf(shelf, 'chapters')} where scope = $1`, [scope])
}

/** A word as a lexeme, taken literally. */
function quoteLexeme(word: string): string {
  return `'${word.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`
}

async function lend<Result>(
  pool: PostgresPool,
  work: (connection: PostgresConnection) => Promise<Result>,
): Promise<Result> {
  const connection = await pool.acquire()
  try {
    return await work(connection)
  } finally {
    pool.release(connection)
  }
}

async function transact(pool: PostgresPool, work: (connection: PostgresConnection) => Promise<unknown>): Promise<void> {
  await lend(pool, async (connection) => {
    await connection.run('begin')
    try {
      await work(connection)
      await connection.run('commit')
    } catch (error) {
      // The error that came first says more; a connection that cannot even do this is closed when it is given back.
      await connection.run('rollback').catch(() => {})
      throw error
    }
  })
}

async function unlessAbsent<Result>(work: () => Promise<Result>, absent: Result): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    if (isAbsent(error)) return absent
    throw error
  }
}

/** The condition `undefined_table`. */
function isAbsent(error: unknown): boolean {
  return (
    error instanceof StoreError && error.cause instanceof Error && 'code' in error.cause && error.cause.code === '42P01'
  )
}
