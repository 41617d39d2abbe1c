import { sql, type Selectable, type SelectQueryBuilder } from 'kysely'
import type { Nanos } from '../core/money.ts'
import type { Database } from './database.ts'
import type { ExchangeCursor, ExchangeScope } from './exchanges.ts'
import { escapeLike, foldCase } from './like.ts'
import type { ExchangeTable, SessionTable, TurnTable } from './schema-records.ts'
import type { Tables } from './schema.ts'
import { selectUsageSums, type UsageSums } from './usage-sums.ts'

/** A session as it stands in the table, under its columns' names. */
export type StoredSession = Selectable<SessionTable>

/** Which sessions; all members that are there have to fit. */
export interface SessionFilter extends ExchangeScope {
  /** Of the person who is asked about, where the scope leaves room. */
  readonly ofUser?: string
  readonly ofKey?: string
  readonly project?: string
  readonly client?: string
  /** Milliseconds since the epoch, of its newest exchange: the first included, the second not. */
  readonly since?: number
  readonly until?: number
  /** Part of the title; large and small letters of a–z are the same. */
  readonly title?: string
  /** Only those of this person or key: whoever may not read a title must not find out what it is by asking. */
  readonly titleOf?: { readonly userId: string | undefined; readonly keyId: string | undefined }
}

/** A page of a list that goes on where the one before ended; of sessions, with the moment of their newest exchange. */
export interface Keyset {
  readonly limit: number
  readonly after?: ExchangeCursor | undefined
}

export interface KeysetPage<Item> {
  readonly items: readonly Item[]
  /** Undefined on the last page. */
  readonly next: ExchangeCursor | undefined
}

/** The one used last comes first. A page costs the same however deep it lies. */
export async function listSessions(
  db: Database,
  filter: SessionFilter,
  { limit, after }: Keyset,
): Promise<KeysetPage<StoredSession>> {
  let matching = withinScope(db.selectFrom('sessions'), filter)
  const { ofUser, ofKey, project, client, since, until, title, titleOf } = filter
  if (ofUser !== undefined) matching = matching.where('user_id', '=', ofUser)
  if (ofKey !== undefined) matching = matching.where('key_id', '=', ofKey)
  if (project !== undefined) matching = matching.where('project', '=', project)
  if (client !== undefined) matching = matching.where('client', '=', client)
  if (since !== undefined) matching = matching.where('last_at', '>=', since)
  if (until !== undefined) matching = matching.where('last_at', '<', until)
  if (title !== undefined) {
    matching = matching.where(sql<boolean>`lower(title) like ${`%${escapeLike(foldCase(title))}%`} escape '!'`)
  }
  if (title !== undefined && titleOf !== undefined) {
    const { userId = '', keyId = '' } = titleOf
    matching = matching.where((is) => is.or([is('user_id', '=', userId), is('key_id', '=', keyId)]))
  }
  if (after !== undefined) matching = matching.where(sql<boolean>`(last_at, id) < (${after.receivedAt}, ${after.id})`)
  const rows = await matching
    .selectAll()
    .orderBy('last_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit + 1)
    .execute()
  return toPage(rows, limit, (row) => ({ receivedAt: row.last_at, id: row.id }))
}

export async function findSession(db: Database, scope: ExchangeScope, id: string): Promise<StoredSession | undefined> {
  return await withinScope(db.selectFrom('sessions'), scope).selectAll().where('id', '=', id).executeTakeFirst()
}

/** One request of a session, with what its content says of it where there is content. */
export type StoredTurn = Pick<Selectable<ExchangeTable>, (typeof TURN_COLUMNS)[number]> & {
  readonly [Column in Exclude<(typeof FACT_COLUMNS)[number], 'tools_called'>]: TurnTable[Column] | null
} & { readonly tools_called: readonly string[] | null }

const FACT_COLUMNS = [
  'fresh_bytes',
  'messages',
  'first_changed_message',
  'tools_hash',
  'system_hash',
  'preview',
  'tools_called',
] as const satisfies readonly (keyof TurnTable)[]

const TURN_COLUMNS = [
  'id',
  'received_at',
  'workspace_id',
  'user_id',
  'key_id',
  'session_key',
  'agent_id',
  'parent_agent_id',
  'prompt_id',
  'request_class',
  'model_asked',
  'model_served',
  'provider_slug',
  'status',
  'outcome',
  'error_code',
  'stop_reason',
  'request_bytes',
  'response_bytes',
  'first_token_ms',
  'total_ms',
  'body_state',
  'shelf',
  'input_tokens',
  'output_tokens',
  'cache_read_tokens',
  'cache_write_5m_tokens',
  'cache_write_1h_tokens',
  'thinking_tokens',
  'web_searches',
  'web_fetches',
  'code_executions',
  'cost_nanos',
] as const satisfies readonly (keyof ExchangeTable)[]

/** Oldest first: the requests for answers, without token counts and probes. `agent` is one of the session's; null is the main line. */
export async function listTurns(
  db: Database,
  scope: ExchangeScope,
  session: string,
  { limit, after, agent }: Keyset & { readonly agent?: string | null | undefined },
): Promise<KeysetPage<StoredTurn>> {
  let matching = turnsOf(db, scope, session)
  if (agent !== undefined) matching = matching.where('exchanges.agent_id', agent === null ? 'is' : '=', agent)
  if (after !== undefined) {
    matching = matching.where(sql<boolean>`(exchanges.received_at, exchanges.id) > (${after.receivedAt}, ${after.id})`)
  }
  const rows = await matching
    .leftJoin('turns', 'turns.id', 'exchanges.id')
    .select(TURN_COLUMNS.map((column) => `exchanges.${column}` as const))
    .select(FACT_COLUMNS.map((column) => `turns.${column}` as const))
    .orderBy('exchanges.received_at')
    .orderBy('exchanges.id')
    .limit(limit + 1)
    .execute()
  const { items, next } = toPage(rows, limit, (row) => ({ receivedAt: row.received_at, id: row.id }))
  return { items: items.map((row) => ({ ...row, tools_called: readNames(row.tools_called) })), next }
}

/** The newest request of the main line of which content was kept. */
export async function findNewestTurn(
  db: Database,
  scope: ExchangeScope,
  session: string,
): Promise<Pick<StoredTurn, 'id' | 'workspace_id' | 'body_state' | 'shelf'> | undefined> {
  return await turnsOf(db, scope, session)
    .select(['id', 'workspace_id', 'body_state', 'shelf'])
    .where('agent_id', 'is', null)
    .where('shelf', 'is not', null)
    .orderBy('received_at', 'desc')
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst()
}

function readNames(json: string | null): readonly string[] | null {
  return json === null ? null : (JSON.parse(json) as string[])
}

/** What the exchanges of a session say of it beyond the sums in its row. */
export interface SessionFigures {
  readonly turns: number
  /** The largest prompt of a request, cached or not. */
  readonly peak_context_tokens: number
  readonly compactions: number
  readonly agents: number
}

export async function readSessionFigures(db: Database, scope: ExchangeScope, session: string): Promise<SessionFigures> {
  return await turnsOf(db, scope, session)
    .select(({ fn }) => [fn.countAll<number>().as('turns'), fn.count<number>('agent_id').distinct().as('agents')])
    .select([
      sql<number>`coalesce(max(${CONTEXT_TOKENS}), 0)`.as('peak_context_tokens'),
      sql<number>`coalesce(sum(case when request_class = 'compaction' then 1 else 0 end), 0)`.as('compactions'),
    ])
    .executeTakeFirstOrThrow()
}

const CONTEXT_TOKENS = sql`input_tokens + cache_read_tokens + cache_write_5m_tokens + cache_write_1h_tokens`

export interface ModelShare {
  readonly model: string | null
  readonly requests: number
  readonly cost_nanos: Nanos
}

/** Which models served, the dearest first. */
export async function listSessionModels(
  db: Database,
  scope: ExchangeScope,
  session: string,
): Promise<readonly ModelShare[]> {
  return await turnsOf(db, scope, session)
    .select(sql<string | null>`coalesce(model_served, model_asked)`.as('model'))
    .select(({ fn }) => fn.countAll<number>().as('requests'))
    .select(sql<Nanos>`coalesce(sum(cost_nanos), 0)`.as('cost_nanos'))
    .groupBy(sql`coalesce(model_served, model_asked)`)
    .orderBy('cost_nanos', 'desc')
    .limit(100)
    .execute()
}

/** What one agent of a session used by itself. `agent_id` is null for the main line. */
export interface AgentSums extends UsageSums {
  readonly agent_id: string | null
  /** As its requests claim; of several, the first in the alphabet. */
  readonly parent_agent_id: string | null
  readonly requests: number
  readonly errors: number
  readonly first_at: number
  readonly last_at: number
}

/** In the order in which they began. Ids of agents are claims: at most so many are added up, and the rest is left out. */
export const AGENTS_MAX = 2_000

export async function listAgents(db: Database, scope: ExchangeScope, session: string): Promise<readonly AgentSums[]> {
  return await turnsOf(db, scope, session)
    .select(['agent_id'])
    .select(({ fn }) => [
      fn.min<string | null>('parent_agent_id').as('parent_agent_id'),
      fn.countAll<number>().as('requests'),
      fn.min<number>('received_at').as('first_at'),
      fn.max<number>('received_at').as('last_at'),
    ])
    .select(sql<number>`coalesce(sum(case when status >= 400 then 1 else 0 end), 0)`.as('errors'))
    .select(selectUsageSums)
    .groupBy('agent_id')
    .orderBy('first_at')
    .orderBy('agent_id')
    .limit(AGENTS_MAX)
    .execute()
}

/** Which prompt started which agent, each pair once. */
export async function listAgentPrompts(
  db: Database,
  scope: ExchangeScope,
  session: string,
): Promise<readonly { readonly agent_id: string | null; readonly prompt_id: string | null }[]> {
  return await turnsOf(db, scope, session)
    .select(['agent_id', 'prompt_id'])
    .where('prompt_id', 'is not', null)
    .groupBy(['agent_id', 'prompt_id'])
    .limit(AGENTS_MAX)
    .execute()
}

function turnsOf(db: Database, scope: ExchangeScope, session: string) {
  return withinScope(db.selectFrom('exchanges'), scope, 'exchanges.')
    .where('exchanges.session_key', '=', session)
    .where('exchanges.endpoint', '=', 'messages')
    .where((is) => is.or([is('exchanges.request_class', 'is', null), is('exchanges.request_class', '<>', 'probe')]))
}

/** Rows of the scope's organisation, workspace, key and person. `prefix` names the table where a query joins several. */
function withinScope<Table extends 'sessions' | 'exchanges', Output>(
  query: SelectQueryBuilder<Tables, Table, Output>,
  { organisationId, workspaceId, keyId, userId }: ExchangeScope,
  prefix = '',
): SelectQueryBuilder<Tables, Table, Output> {
  const owners = { organisation_id: organisationId, workspace_id: workspaceId, key_id: keyId, user_id: userId }
  return Object.entries(owners).reduce(
    (narrowed, [column, value]) =>
      value === undefined ? narrowed : narrowed.where(sql<boolean>`${sql.ref(`${prefix}${column}`)} = ${value}`),
    query,
  )
}

function toPage<Row>(rows: readonly Row[], limit: number, cursorOf: (row: Row) => ExchangeCursor): KeysetPage<Row> {
  const items = rows.slice(0, limit)
  const last = items.at(-1)
  return { items, next: rows.length > limit && last !== undefined ? cursorOf(last) : undefined }
}
