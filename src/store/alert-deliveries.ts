import { asId, type Id } from '../core/ids.ts'
import type { Database } from './database.ts'
import type { Page, Window } from './page.ts'

/** One alert on its way to one channel, or to one address of its key. */
export interface AlertDelivery {
  readonly id: Id<'delivery'>
  /** The event and where it goes. There is never a second row with the same words. */
  readonly once: string
  readonly organisationId: string
  /** Whose it is: the channel's workspace, or the key's. */
  readonly workspaceId: string | undefined
  /** Exactly one of `channelId` and `address` is there. */
  readonly channelId: string | undefined
  readonly address: string | undefined
  readonly event: string
  /** JSON, as the receiver gets it. */
  readonly payload: string
  readonly attempts: number
  readonly createdAt: number
}

export type DeliveryState = 'waiting' | 'delivered' | 'failed'

/** A delivery as people see it. */
export interface ListedDelivery extends AlertDelivery {
  readonly state: DeliveryState
  readonly nextAt: number
  readonly lastError: string | undefined
  readonly deliveredAt: number | undefined
  readonly channelName: string | undefined
  readonly channelKind: string | undefined
}

export interface DeliveryFilter {
  readonly workspaceId?: string
  readonly channelId?: string
  readonly event?: string
  readonly state?: DeliveryState
}

/** Everything that goes to one receiver: the id of its channel, or its address. */
export interface Lane {
  readonly lane: string
  /** Milliseconds since the epoch: when the first of it is due. */
  readonly nextAt: number
}

/** Leaves alone what is there already. */
export async function addDeliveries(db: Database, deliveries: readonly AlertDelivery[]): Promise<void> {
  if (deliveries.length === 0) return
  await db
    .insertInto('alert_deliveries')
    .values(
      deliveries.map((delivery) => ({
        id: delivery.id,
        once: delivery.once,
        organisation_id: delivery.organisationId,
        workspace_id: delivery.workspaceId ?? null,
        channel_id: delivery.channelId ?? null,
        address: delivery.address ?? null,
        event: delivery.event,
        payload: delivery.payload,
        state: 'waiting',
        attempts: 0,
        next_at: delivery.createdAt,
        last_error: null,
        created_at: delivery.createdAt,
        delivered_at: null,
      })),
    )
    .onConflict((conflict) => conflict.column('once').doNothing())
    .execute()
}

/** Receivers that something waits for, the longest due first. */
export async function listLanes(db: Database, limit: number): Promise<readonly Lane[]> {
  return db
    .selectFrom('alert_deliveries')
    .select(({ fn }) => [
      fn.coalesce('channel_id', 'address').$castTo<string>().as('lane'),
      fn.min<number>('next_at').as('nextAt'),
    ])
    .where('state', '=', 'waiting')
    .groupBy('lane')
    .orderBy('nextAt')
    .limit(limit)
    .execute()
}

/** The first of a lane that is due. */
export async function findDue(db: Database, lane: string, now: number): Promise<AlertDelivery | undefined> {
  const row = await db
    .selectFrom('alert_deliveries')
    .selectAll()
    .where('state', '=', 'waiting')
    .where('next_at', '<=', now)
    .where((is) => is.or([is('channel_id', '=', lane), is('address', '=', lane)]))
    .orderBy('next_at')
    .orderBy('id')
    .executeTakeFirst()
  return row === undefined ? undefined : toDelivery(row)
}

/** How many the same receiver has got since a moment. */
export async function countDeliveries(
  db: Database,
  { channelId, address }: Pick<AlertDelivery, 'channelId' | 'address'>,
  since: number,
): Promise<number> {
  const { count } = await db
    .selectFrom('alert_deliveries')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where((is) => (channelId === undefined ? is('address', '=', address ?? null) : is('channel_id', '=', channelId)))
    .where('created_at', '>=', since)
    .executeTakeFirstOrThrow()
  return count
}

/** `error` tells of receivers that were left out. */
export async function noteDelivered(
  db: Database,
  id: string,
  { attempts, error }: { readonly attempts: number; readonly error: string | undefined },
  now: number,
): Promise<void> {
  await db
    .updateTable('alert_deliveries')
    .set({ state: 'delivered', attempts, last_error: error ?? null, delivered_at: now })
    .where('id', '=', id)
    .execute()
}

/** Without `nextAt` it is given up. */
export async function noteUndelivered(
  db: Database,
  id: string,
  tried: { readonly attempts: number; readonly error: string; readonly nextAt: number | undefined },
): Promise<void> {
  await db
    .updateTable('alert_deliveries')
    .set({
      attempts: tried.attempts,
      last_error: tried.error,
      ...(tried.nextAt === undefined ? { state: 'failed' } : { next_at: tried.nextAt }),
    })
    .where('id', '=', id)
    .execute()
}

/** Gives up all that waits for a channel. */
export async function giveUpDeliveries(db: Database, channelId: string, reason: string): Promise<void> {
  await db
    .updateTable('alert_deliveries')
    .set({ state: 'failed', last_error: reason })
    .where('channel_id', '=', channelId)
    .where('state', '=', 'waiting')
    .execute()
}

/** Forgets what was delivered or given up and is older than that. */
export async function sweepDeliveries(db: Database, before: number): Promise<void> {
  await db.deleteFrom('alert_deliveries').where('state', '!=', 'waiting').where('created_at', '<', before).execute()
}

/** The newest first. */
export async function listDeliveries(
  db: Database,
  organisationId: string,
  filter: DeliveryFilter,
  window: Window,
): Promise<Page<ListedDelivery>> {
  let matching = db.selectFrom('alert_deliveries').where('alert_deliveries.organisation_id', '=', organisationId)
  if (filter.workspaceId !== undefined)
    matching = matching.where('alert_deliveries.workspace_id', '=', filter.workspaceId)
  if (filter.channelId !== undefined) matching = matching.where('alert_deliveries.channel_id', '=', filter.channelId)
  if (filter.event !== undefined) matching = matching.where('alert_deliveries.event', '=', filter.event)
  if (filter.state !== undefined) matching = matching.where('alert_deliveries.state', '=', filter.state)
  const rows = await matching
    .leftJoin('alert_channels', 'alert_channels.id', 'alert_deliveries.channel_id')
    .selectAll('alert_deliveries')
    .select(['alert_channels.name as channel_name', 'alert_channels.kind as channel_kind'])
    .orderBy('alert_deliveries.created_at', 'desc')
    .orderBy('alert_deliveries.id', 'desc')
    .offset(window.offset)
    .limit(window.limit)
    .execute()
  const { total } = await matching.select(({ fn }) => fn.countAll<number>().as('total')).executeTakeFirstOrThrow()
  return {
    items: rows.map((row) => ({
      ...toDelivery(row),
      state: row.state as DeliveryState,
      nextAt: row.next_at,
      lastError: row.last_error ?? undefined,
      deliveredAt: row.delivered_at ?? undefined,
      channelName: row.channel_name ?? undefined,
      channelKind: row.channel_kind ?? undefined,
    })),
    total,
  }
}

interface DeliveryRow {
  readonly id: string
  readonly once: string
  readonly organisation_id: string
  readonly workspace_id: string | null
  readonly channel_id: string | null
  readonly address: string | null
  readonly event: string
  readonly payload: string
  readonly attempts: number
  readonly created_at: number
}

function toDelivery(row: DeliveryRow): AlertDelivery {
  return {
    id: asId(row.id),
    once: row.once,
    organisationId: row.organisation_id,
    workspaceId: row.workspace_id ?? undefined,
    channelId: row.channel_id ?? undefined,
    address: row.address ?? undefined,
    event: row.event,
    payload: row.payload,
    attempts: row.attempts,
    createdAt: row.created_at,
  }
}
