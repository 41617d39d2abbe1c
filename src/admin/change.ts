import { appendAuditEntry, type AuditActor } from '../store/audit.ts'
import { noteChange } from '../store/changes.ts'
import type { Database } from '../store/database.ts'
import { isDuplicate } from '../store/store-error.ts'
import { keepRequest, nameActor } from './audit/name-actor.ts'
import type { AdminCaller } from './caller.ts'
import { conflict } from './error.ts'
import type { AdminParts } from './parts.ts'

/** What somebody is about to do. */
export interface Act {
  readonly caller: AdminCaller
  /** A verb: `create`, `update`, `delete`, `rotate`, … */
  readonly action: string
  /** The kind of thing: `key`, `workspace`, `integration`, … */
  readonly resource: string
  /** Where it happens; undefined for what stands above workspaces. */
  readonly workspaceId?: string | undefined
}

/** What has been done to one thing; it becomes one entry of the audit trail. */
export interface Done extends Partial<Omit<Act, 'caller'>> {
  readonly id: string
  /** The thing as the API shows it, without secrets. Left out where there was none before, or is none any more. */
  readonly before?: unknown
  readonly after?: unknown
}

/** Says what has been done. Once for each thing; what a note leaves out is as in the act. */
export type Note = (done: Done) => void

/**
 * Changes the control plane: all of `work` or nothing, with an entry in the audit trail for everything that `work` notes, and
 * a note that other replicas notice. When this returns, the change is in force on this one, so whoever asked may rely on it
 * with the next request.
 *
 * Throws a 412 when the thing is not any more what `if-match` says, and AB07 when two requests at once want one name. It
 * refuses work that notes nothing: a change without an entry is a mistake of ours. Not inside another one: the store has one
 * connection, and the inner one would wait for the outer.
 */
export async function audited<Result>(
  { store, directory, clock }: Pick<AdminParts, 'store' | 'directory' | 'clock'>,
  act: Act,
  work: (tx: Database, note: Note) => Promise<Result>,
): Promise<Result> {
  const result = await store.db
    .transaction()
    .execute(async (tx) => {
      const done: Done[] = []
      await act.caller.precondition?.(tx, act.resource)
      const actor = await nameActor(tx, act.caller)
      const answer = await work(tx, (each) => done.push(each))
      for (const each of done) await enter(tx, act, each, actor, clock.now())
      const itself = done.find(({ resource = act.resource }) => resource === act.resource) ?? done[0]
      if (itself === undefined) throw new Error(`A change went unnoted: ${act.action} ${act.resource}.`)
      await noteChange(tx, clock.now(), `${act.action} ${act.resource} ${itself.id}`)
      return answer
    })
    .catch((error: unknown) => {
      // Two requests at once can both find a name free; the database lets one of them have it.
      if (isDuplicate(error)) throw conflict('Somebody else has just taken that name. Choose another one.')
      throw error
    })
  await directory.refresh()
  return result
}

async function enter(tx: Database, act: Act, done: Done, actor: AuditActor, now: number): Promise<void> {
  const { origin, organisationId } = act.caller
  await appendAuditEntry(tx, {
    organisationId,
    workspaceId: done.workspaceId ?? act.workspaceId ?? null,
    at: now,
    action: done.action ?? act.action,
    resourceType: done.resource ?? act.resource,
    resourceId: done.id,
    actor,
    request: keepRequest(origin, 200),
    reason: origin.reason ?? null,
    before: done.before,
    after: done.after,
  })
}
