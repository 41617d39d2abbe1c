import type { Selectable } from 'kysely'
import type { ChannelKind } from '../core/alert-kinds.ts'
import { asId, type Id } from '../core/ids.ts'
import type { Database } from './database.ts'
import { type Page, type Window, readPage } from './page.ts'
import type { AlertChannelTable } from './schema.ts'

/** A way to somebody who wants to hear. */
export interface AlertChannel {
  readonly id: Id<'channel'>
  readonly organisationId: Id<'organisation'>
  /** Undefined for a channel of the organisation. */
  readonly workspaceId: Id<'workspace'> | undefined
  readonly kind: ChannelKind
  readonly name: string
  /** Kinds of alerts; `*` stands for all, also for those of later versions. */
  readonly events: readonly string[]
  readonly settings: ChannelSettings
  /** JSON of `ChannelSecret` under the vault, bound to the channel's id and `settings.origin`; undefined for e-mail. */
  readonly sealedSecret: string | undefined
  readonly enabled: boolean
  readonly createdAt: number
  readonly updatedAt: number
}

/** What is no secret. */
export interface ChannelSettings {
  /** Scheme, host and port of where it goes; the rest of the address is often the proof of who may post, and sealed. */
  readonly origin?: string
  readonly to?: readonly string[]
}

export interface ChannelSecret {
  readonly url: string
  /** Signs what a webhook gets; undefined for Slack. */
  readonly signing: string | undefined
}

/** Members that are left out stay as they are. */
export interface ChannelPatch {
  readonly name?: string
  readonly events?: readonly string[]
  readonly settings?: ChannelSettings
  readonly sealedSecret?: string
  readonly enabled?: boolean
}

export async function insertChannel(db: Database, channel: AlertChannel): Promise<void> {
  await db
    .insertInto('alert_channels')
    .values({
      id: channel.id,
      organisation_id: channel.organisationId,
      workspace_id: channel.workspaceId ?? null,
      kind: channel.kind,
      name: channel.name,
      events: JSON.stringify(channel.events),
      settings: JSON.stringify(channel.settings),
      sealed_secret: channel.sealedSecret ?? null,
      enabled: channel.enabled ? 1 : 0,
      created_at: channel.createdAt,
      updated_at: channel.updatedAt,
    })
    .execute()
}

/** Of the organisation, or, with `workspaceId`, of that workspace only. */
export async function findChannel(
  db: Database,
  organisationId: string,
  workspaceId: string | undefined,
  id: string,
): Promise<AlertChannel | undefined> {
  let matching = db.selectFrom('alert_channels').selectAll().where('organisation_id', '=', organisationId)
  if (workspaceId !== undefined) matching = matching.where('workspace_id', '=', workspaceId)
  const row = await matching.where('id', '=', id).executeTakeFirst()
  return row === undefined ? undefined : toChannel(row)
}

/** In the order in which they were made. */
export async function listChannels(
  db: Database,
  organisationId: string,
  filter: { readonly workspaceId?: string } = {},
  window: Window = { offset: 0, limit: 1000 },
): Promise<Page<AlertChannel>> {
  let matching = db.selectFrom('alert_channels').where('organisation_id', '=', organisationId)
  if (filter.workspaceId !== undefined) matching = matching.where('workspace_id', '=', filter.workspaceId)
  return await readPage(matching.selectAll().orderBy('created_at').orderBy('id'), window, toChannel)
}

/** How many a workspace has, or, for undefined, the organisation itself. */
export async function countChannels(
  db: Database,
  organisationId: string,
  workspaceId: string | undefined,
): Promise<number> {
  const { count } = await db
    .selectFrom('alert_channels')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('organisation_id', '=', organisationId)
    .where('workspace_id', workspaceId === undefined ? 'is' : '=', workspaceId ?? null)
    .executeTakeFirstOrThrow()
  return count
}

export async function updateChannel(db: Database, id: string, patch: ChannelPatch, now: number): Promise<void> {
  await db
    .updateTable('alert_channels')
    .set({
      ...(patch.name !== undefined && { name: patch.name }),
      ...(patch.events !== undefined && { events: JSON.stringify(patch.events) }),
      ...(patch.settings !== undefined && { settings: JSON.stringify(patch.settings) }),
      ...(patch.sealedSecret !== undefined && { sealed_secret: patch.sealedSecret }),
      ...(patch.enabled !== undefined && { enabled: patch.enabled ? 1 : 0 }),
      updated_at: now,
    })
    .where('id', '=', id)
    .execute()
}

/** With everything that was on its way there. */
export async function deleteChannel(db: Database, id: string): Promise<void> {
  await db.deleteFrom('alert_channels').where('id', '=', id).execute()
}

function toChannel(row: Selectable<AlertChannelTable>): AlertChannel {
  return {
    id: asId(row.id),
    organisationId: asId(row.organisation_id),
    workspaceId: row.workspace_id === null ? undefined : asId(row.workspace_id),
    kind: row.kind as ChannelKind,
    name: row.name,
    events: JSON.parse(row.events) as string[],
    settings: JSON.parse(row.settings) as ChannelSettings,
    sealedSecret: row.sealed_secret ?? undefined,
    enabled: row.enabled === 1,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}
