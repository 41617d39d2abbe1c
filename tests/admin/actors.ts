import { randomBytes } from 'node:crypto'
import { DEFAULT_WORKSPACE_SCOPES } from '../../src/contract/scopes.ts'
import { newId } from '../../src/core/ids.ts'
import { createKeyMaker } from '../../src/credentials/api-key.ts'
import { insertConsoleSession } from '../../src/store/console-sessions.ts'
import { insertMember, type WorkspaceRole } from '../../src/store/members.ts'
import type { OrganisationRole, User } from '../../src/store/users.ts'
import type { Workspace } from '../../src/store/workspaces.ts'
import { addUser } from '../store/tenants.ts'
import { ADMIN_KEY, ALL_WORKSPACE_SCOPES, type ControlPlane } from './harness.ts'

/** Somebody who asks the control plane, with the headers that prove who they are. */
export interface Actor {
  readonly name: string
  readonly headers: Readonly<Record<string, string>>
  /** Of somebody who signed in. */
  readonly user?: User
}

/** The same pepper as the harness, so that sessions can be made without a browser. */
const keys = createKeyMaker(Buffer.alloc(32, 1))

/** Signs somebody in, who is a member of a workspace or of none. */
export async function signIn(
  { store, clock, workspace }: ControlPlane,
  role: OrganisationRole,
  inWorkspace?: { readonly role: WorkspaceRole; readonly workspace?: Workspace },
): Promise<Actor & { readonly user: User }> {
  const user = await addUser(store.db, workspace.organisationId, { role })
  if (inWorkspace !== undefined) {
    const { id: workspaceId } = inWorkspace.workspace ?? workspace
    await insertMember(store.db, { workspaceId, userId: user.id, role: inWorkspace.role, joinedAt: clock.now() })
  }
  return { name: user.email, headers: await sessionHeaders({ store, clock }, user), user }
}

export async function sessionHeaders(
  { store, clock }: Pick<ControlPlane, 'store' | 'clock'>,
  user: Pick<User, 'id'>,
): Promise<Readonly<Record<string, string>>> {
  const token = randomBytes(32).toString('base64url')
  await insertConsoleSession(store.db, {
    id: newId(clock.now()),
    kind: 'session',
    hash: keys.hash(token),
    userId: user.id,
    method: 'link',
    expiresAt: clock.now() + 12 * 3_600_000,
    createdAt: clock.now(),
  })
  return { cookie: `portcullis_session=${token}`, origin: 'http://gateway.example.com', 'x-portcullis-csrf': '1' }
}

/** One of each kind that a rule can tell apart. */
export async function everyActor(plane: ControlPlane): Promise<readonly Actor[]> {
  const { call, newKey, otherWorkspace } = plane
  const byKey = (name: string, key: string): Actor => ({ name, headers: { 'x-portkey-api-key': key } })
  const member = await signIn(plane, 'member', { role: 'member' })
  const few = await call('POST', '/api-keys/organisation/service', {
    name: 'Few',
    scopes: ['providers.list', 'workspaces.read'],
  })
  const service = await newKey(ALL_WORKSPACE_SCOPES)
  const person = await newKey(DEFAULT_WORKSPACE_SCOPES, { type: 'user', user_id: member.user.id })
  const elsewhere = await newKey(ALL_WORKSPACE_SCOPES, { workspace_id: otherWorkspace.id })
  return [
    byKey('preset admin key', ADMIN_KEY),
    { ...(await signIn(plane, 'owner')), name: 'owner' },
    { ...(await signIn(plane, 'admin')), name: 'admin' },
    { ...(await signIn(plane, 'member', { role: 'admin' })), name: 'workspace admin' },
    { ...(await signIn(plane, 'member', { role: 'manager' })), name: 'workspace manager' },
    { ...member, name: 'workspace member' },
    { ...(await signIn(plane, 'member')), name: 'member of no workspace' },
    byKey('admin key, two scopes', String(few.body['key'])),
    byKey('workspace service key', service.key),
    byKey('workspace user key', person.key),
    byKey('key of another workspace', elsewhere.key),
    { name: 'nobody', headers: {} },
  ]
}
