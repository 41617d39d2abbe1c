import type { Database } from '../../store/database.ts'
import { findInvite, type Invite } from '../../store/invites.ts'
import type { AdminCaller } from '../caller.ts'
import { conflict, missing } from '../error.ts'

export async function seeInvite(db: Database, caller: AdminCaller, id: string): Promise<Invite> {
  const invite = await findInvite(db, caller.organisationId, id)
  if (invite === undefined) throw missing(`The invite ${id}`)
  return invite
}

/** The invite, while nobody has accepted or cancelled it. One that is too old still counts: it can be sent again. */
export async function seePendingInvite(db: Database, caller: AdminCaller, id: string): Promise<Invite> {
  const invite = await seeInvite(db, caller, id)
  if (invite.status !== 'pending') throw conflict(`This invite was ${invite.status} already.`)
  return invite
}
