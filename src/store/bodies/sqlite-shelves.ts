import { closeSync, existsSync, mkdirSync, openSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
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
  type WordQuestion,
} from './body-shelves.ts'

/*
 * Shelves as SQLite files, one each, so that throwing a shelf away is removing a file. Everything here is synchronous: it
 * is for a thread that may wait.
 */

/** Files that are open at a time. Writing needs one for each class of retention; the others are for reading older days. */
const OPEN_MAX = 8

export function createSqliteShelves({ folder }: { readonly folder: string }): BodyShelves {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const open = new Map<string, ShelfFile>()

  return {
    put: (shelf, batch) => attempt(shelf, (file) => file.transaction(() => putBatch(file, batch)), 'make'),
    manifests: (shelf, exchangeId) =>
      attempt(shelf, (file) => file.rows<StoredManifest>(`${SELECT_MANIFEST} where exchange_id = ?`, exchangeId), []),
    manifestsOf: (shelf, chapter) =>
      attempt(shelf, (file) => file.rows<StoredManifest>(`${SELECT_MANIFEST} where chapter = ?`, chapter), []),
    chapter: (shelf, id) =>
      attempt(shelf, (file) => file.rows<StoredChapter>(`${SELECT_CHAPTER} where id = ?`, id)[0], undefined),
    segments: (shelf, chapter, seqs) =>
      attempt(
        shelf,
        (file) =>
          file.rows<StoredSegment>(
            `${SELECT_SEGMENT} where chapter = ? and seq in (select value from json_each(?))`,
            chapter,
            JSON.stringify(seqs),
          ),
        [],
      ),
    findWords: (shelf, question) => attempt(shelf, (file) => findWords(file, question), []),
    deleteScope: (shelf, scope) => attempt(shelf, (file) => deleteScope(file, scope), undefined),
    deleteExchange: (shelf, exchangeId, segments) =>
      attempt(shelf, (file) => deleteExchange(file, exchangeId, segments), undefined),
    forgetWords: (shelf, workspaceId) =>
      attempt(
        shelf,
        (file) => {
          file.transaction(() => forgetWords(file, 'workspace_id = ?', workspaceId))
          shrink(file)
        },
        undefined,
      ),
    scopes: (shelf) =>
      attempt(
        shelf,
        (file) =>
          file.rows<{ scope: string; workspaceId: string }>(
            'select distinct scope, workspace_id as "workspaceId" from chapters',
          ),
        [],
      ),
    async moveScope(from, to, scope) {
      if (!existsSync(pathOf(from))) return
      await attempt(to, (file) => file.transaction(() => copyScope(take(from, 'make')!, file, scope)), 'make')
      await attempt(from, (file) => deleteScope(file, scope), undefined)
    },
    list: async () =>
      readdirSync(folder)
        .filter((name) => name.endsWith('.db'))
        .map((name) => name.slice(0, -'.db'.length)),
    async drop(shelf) {
      open.get(shelf)?.close()
      open.delete(shelf)
      for (const suffix of ['', '-wal', '-shm']) rmSync(pathOf(shelf) + suffix, { force: true })
    },
    async close() {
      for (const file of open.values()) file.close()
      open.clear()
    },
  }

  function pathOf(shelf: string): string {
    // A shelf's name comes from a row too, and a row may not lead out of the folder.
    if (!/^[0-9a-z-]{1,40}$/.test(shelf)) throw new StoreError(`${JSON.stringify(shelf)} is no shelf.`, 'other')
    return join(folder, `${shelf}.db`)
  }

  /** The file, last used last; undefined when it is not there and is not to be made. */
  function take(shelf: string, absent: unknown): ShelfFile | undefined {
    const path = pathOf(shelf)
    const known = open.get(shelf)
    if (known === undefined && absent !== 'make' && !existsSync(path)) return undefined
    const file = known ?? openShelf(path)
    open.delete(shelf)
    open.set(shelf, file)
    while (open.size > OPEN_MAX) forget(open.keys().next().value!)
    return file
  }

  function forget(shelf: string): void {
    const file = open.get(shelf)
    open.delete(shelf)
    file?.close()
  }

  /** Runs `work` on a shelf, or gives `absent` when there is no such shelf. After a failure the file is opened anew: what failed may have been the disk. */
  async function attempt<Result>(
    shelf: string,
    work: (file: ShelfFile) => Result,
    absent: NoInfer<Result> | 'make',
  ): Promise<Result> {
    try {
      const file = take(shelf, absent)
      return file === undefined ? (absent as Result) : work(file)
    } catch (error) {
      const failure = storeError(error)
      // Opening takes room too: what a full disk has of this shelf can be read as long as it stays open.
      if (failure.fault === 'full') throw failure
      try {
        forget(shelf)
      } catch {
        // The error that came first says more.
      }
      throw failure
    }
  }
}

/** An open file with its statements. */
interface ShelfFile {
  readonly database: DatabaseSync
  run(sql: string, ...values: SQLInputValue[]): number
  rows<Row>(sql: string, ...values: SQLInputValue[]): Row[]
  transaction(work: () => void): void
  close(): void
}

const SELECT_CHAPTER =
  'select id, workspace_id as "workspaceId", scope, key_id as "keyId", wrapped_key as "wrappedKey", begun_at as "begunAt" from chapters'
const SELECT_SEGMENT = 'select chapter, seq, sealed from segments'
const SELECT_MANIFEST = 'select exchange_id as "exchangeId", kind, ordinal, chapter, sealed from manifests'
const INSERT_CHAPTER =
  'insert or replace into chapters (id, workspace_id, scope, key_id, wrapped_key, begun_at) values (?, ?, ?, ?, ?, ?)'
const INSERT_SEGMENT = 'insert or replace into segments (chapter, seq, sealed) values (?, ?, ?)'
const INSERT_MANIFEST =
  'insert or replace into manifests (exchange_id, kind, ordinal, chapter, sealed) values (?, ?, ?, ?, ?)'

function openShelf(path: string): ShelfFile {
  try {
    // SQLite would let everybody read what it makes; -wal and -shm copy the mode.
    closeSync(openSync(path, 'wx', 0o600))
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  }
  const database = new DatabaseSync(path, { timeout: 5000 })
  // NORMAL may lose the last commits in a power cut, never more; a body that is lost is told as such. Deleted is overwritten.
  // Small pages, because most rows are some kilobytes and what is left of their last page is room that is lost.
  database.exec(`
    pragma page_size = 1024;
    pragma wal_autocheckpoint = 4000;
    pragma auto_vacuum = incremental;
    pragma journal_mode = wal;
    pragma synchronous = normal;
    pragma secure_delete = on;
    pragma temp_store = memory;
    pragma journal_size_limit = 8388608;
    create table if not exists chapters (
      id text primary key, workspace_id text not null, scope text not null, key_id text not null,
      wrapped_key blob not null, begun_at integer not null
    ) without rowid;
    create index if not exists chapters_scope on chapters (scope);
    create table if not exists segments (
      chapter text not null, seq integer not null, sealed blob not null, primary key (chapter, seq)
    );
    create table if not exists manifests (
      exchange_id text not null, kind text not null, ordinal integer not null, chapter text not null, sealed blob not null,
      primary key (exchange_id, kind, ordinal)
    );
    create index if not exists manifests_chapter on manifests (chapter);
    create table if not exists indexed (
      id integer primary key, exchange_id text not null, chapter text not null, workspace_id text not null,
      received_at integer not null
    );
    create unique index if not exists indexed_exchange on indexed (exchange_id);
    create index if not exists indexed_time on indexed (received_at);
  `)
  const statements = new Map<string, StatementSync>()
  return {
    database,
    run(sql, ...values) {
      const statement = prepare(sql)
      // The index numbers what it crosses out beyond 2^53, and such a row may be the last one that was inserted.
      statement.setReadBigInts(true)
      return Number(statement.run(...values).lastInsertRowid)
    },
    rows: <Row>(sql: string, ...values: SQLInputValue[]) => prepare(sql).all(...values) as Row[],
    transaction(work) {
      database.exec('begin immediate')
      try {
        work()
        database.exec('commit')
      } catch (error) {
        // A full disk may already have rolled it back.
        if (database.isTransaction) database.exec('rollback')
        throw error
      }
    },
    close: () => database.close(),
  }

  function prepare(sql: string): StatementSync {
    let statement = statements.get(sql)
    if (statement === undefined) {
      statement = database.prepare(sql)
      statements.set(sql, statement)
    }
    return statement
  }
}

function putBatch(file: ShelfFile, batch: ShelfBatch): void {
  const { chapters, segments, manifests, words } = batch
  for (const { id, workspaceId, scope, keyId, wrappedKey, begunAt } of chapters) {
    file.run(INSERT_CHAPTER, id, workspaceId, scope, keyId, wrappedKey, begunAt)
  }
  for (const id of earlierChapters(batch)) {
    if (file.rows('select 1 from chapters where id = ?', id).length === 0) throw chapterIsGone()
  }
  for (const { chapter, seq, sealed } of segments) file.run(INSERT_SEGMENT, chapter, seq, sealed)
  for (const { exchangeId, kind, ordinal, chapter, sealed } of manifests) {
    file.run(INSERT_MANIFEST, exchangeId, kind, ordinal, chapter, sealed)
  }
  if (words.length === 0) return
  makeWords(file)
  for (const { exchangeId, chapter, workspaceId, receivedAt, words: list } of words) {
    if (file.rows('select 1 from indexed where exchange_id = ?', exchangeId).length > 0) continue
    const id = file.run(
      'insert into indexed (exchange_id, chapter, workspace_id, received_at) values (?, ?, ?, ?)',
      exchangeId,
      chapter,
      workspaceId,
      receivedAt,
    )
    file.run('insert into words (rowid, text) values (?, ?)', id, list.map(indexWord).join(' '))
  }
}

/** The index has words and rows only: no text, no positions. Made when somebody first asks for one. */
function makeWords(file: ShelfFile): void {
  file.database.exec(`create virtual table if not exists words using fts5(
    text, content = '', detail = none, contentless_delete = 1, tokenize = "ascii tokenchars '_'"
  )`)
}

function hasWords(file: ShelfFile): boolean {
  return file.rows('select 1 from sqlite_master where name = ?', 'words').length > 0
}

/** SQLite cuts and folds other alphabets in its own way, and PostgreSQL in another; a word in hex is left whole by everybody. */
function indexWord(word: string): string {
  return /^[a-z0-9_]+$/.test(word) ? word : `x${Buffer.from(word).toString('hex')}`
}

function findWords(file: ShelfFile, { workspaceIds, words, since, until, limit }: WordQuestion): WordHit[] {
  if (words.length === 0 || !hasWords(file)) return []
  return file.rows<WordHit>(
    `select indexed.exchange_id as "exchangeId", indexed.workspace_id as "workspaceId", indexed.received_at as "receivedAt"
     from words join indexed on indexed.id = words.rowid
     where words match ? and indexed.workspace_id in (select value from json_each(?))
       and indexed.received_at >= ? and indexed.received_at < ?
     order by indexed.received_at desc, indexed.exchange_id desc limit ?`,
    // Quoted, a word is a word, also where the query language has a meaning for it.
    words.map((word) => `"${indexWord(word)}"`).join(' '),
    JSON.stringify(workspaceIds),
    since,
    until,
    limit,
  )
}

function deleteScope(file: ShelfFile, scope: string): void {
  const ofScope = 'chapter in (select id from chapters where scope = ?)'
  file.transaction(() => {
    forgetWords(file, ofScope, scope)
    for (const table of ['manifests', 'segments']) file.run(`delete from ${table} where ${ofScope}`, scope)
    file.run('delete from chapters where scope = ?', scope)
  })
  shrink(file)
}

function deleteExchange(file: ShelfFile, exchangeId: string, segments: readonly Omit<StoredSegment, 'sealed'>[]): void {
  file.transaction(() => {
    forgetWords(file, 'exchange_id = ?', exchangeId)
    file.run('delete from manifests where exchange_id = ?', exchangeId)
    for (const { chapter, seq } of segments)
      file.run('delete from segments where chapter = ? and seq = ?', chapter, seq)
  })
  shrink(file)
}

/** A deleted row of the index is only crossed out; merged into one piece, the index has forgotten its words. */
function forgetWords(file: ShelfFile, where: string, value: string): void {
  if (!hasWords(file)) return
  const gone = file.rows<{ id: number }>(`select id from indexed where ${where}`, value)
  if (gone.length === 0) return
  for (const { id } of gone) file.run('delete from words where rowid = ?', id)
  file.run(`delete from indexed where ${where}`, value)
  file.run("insert into words (words) values ('optimize')")
}

/** Gives the room back, and takes what was deleted out of the write-ahead log too. */
function shrink(file: ShelfFile): void {
  file.database.exec('pragma incremental_vacuum; pragma wal_checkpoint(truncate)')
}

function copyScope(from: ShelfFile, to: ShelfFile, scope: string): void {
  const chapters = from.rows<StoredChapter>(`${SELECT_CHAPTER} where scope = ?`, scope)
  putBatch(to, { chapters, segments: [], manifests: [], words: [] })
  for (const { id } of chapters) {
    // Segments one by one: all of a long session at once would be too much to hold.
    for (const { seq } of from.rows<{ seq: number }>('select seq from segments where chapter = ?', id)) {
      const segments = from.rows<StoredSegment>(`${SELECT_SEGMENT} where chapter = ? and seq = ?`, id, seq)
      putBatch(to, { chapters: [], segments, manifests: [], words: [] })
    }
    const manifests = from.rows<StoredManifest>(`${SELECT_MANIFEST} where chapter = ?`, id)
    putBatch(to, { chapters: [], segments: [], manifests, words: [] })
  }
}

/** Result codes of https://www.sqlite.org/rescode.html. */
function storeError(error: unknown): StoreError {
  if (error instanceof StoreError) return error
  const code = error instanceof Error && 'errcode' in error ? Number(error.errcode) : undefined
  return new StoreError(error instanceof Error ? error.message : String(error), code === 13 ? 'full' : 'other')
}
