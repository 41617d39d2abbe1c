import type { FastifyInstance } from 'fastify'
import { listProblems, strict } from '../../contract/fields.ts'
import { password } from '../../contract/console-sessions.ts'
import { personName } from '../../contract/users.ts'
import { hashPassword } from '../../credentials/password.ts'
import { appendAuditEntry } from '../../store/audit.ts'
import { noteChange } from '../../store/changes.ts'
import type { Database } from '../../store/database.ts'
import { findOpenInvite } from '../../store/invites.ts'
import { listKeysOf } from '../../store/keys.ts'
import type { User } from '../../store/users.ts'
import { showKey } from '../api-keys/show-key.ts'
import { keepRequest } from '../audit/name-actor.ts'
import { refuseForeignOrigin } from '../authenticate.ts'
import { acceptInvite } from '../invites/accept-invite.ts'
import type { AdminParts } from '../parts.ts'
import { readOrigin } from '../read-origin.ts'
import { beginSession } from '../console-sessions/begin-session.ts'
import type { Knock } from '../console-sessions/sign-in.ts'
import { showUser } from '../users/show-user.ts'
import { fieldOf } from './form.ts'
import { acceptedPage, deadLinkPage, invitePage } from './pages.ts'
import { FORM_BYTES_MAX, goHome, sendPage, setCookies } from './send-page.ts'

const Answers = strict({ first_name: personName, last_name: personName, password: password.optional() })

/** `GET /invite?token=…` shows who is invited and uses nothing up; `POST /invite` makes them a user and signs them in. */
export function registerInvitePages(scope: FastifyInstance, parts: AdminParts): void {
  const { store, keys, clock } = parts

  scope.get('/invite', async (request, reply) => {
    const { token } = request.query as { readonly token?: unknown }
    const invite = await find(token)
    if (invite === undefined) return sendPage(reply.code(403), deadLinkPage())
    return sendPage(reply, invitePage({ email: invite.email, token: String(token), problems: [] }))
  })

  scope.post('/invite', { bodyLimit: FORM_BYTES_MAX }, async (request, reply) => {
    refuseForeignOrigin(request, parts.publicUrl())
    const token = fieldOf(request.body, 'token')
    const invite = await find(token)
    if (invite === undefined) return sendPage(reply.code(403), deadLinkPage())
    const typed = fieldOf(request.body, 'password')
    const answers = Answers.safeParse({
      first_name: fieldOf(request.body, 'first_name'),
      last_name: fieldOf(request.body, 'last_name'),
      ...(typed !== '' && { password: typed }),
    })
    if (!answers.success) {
      const problems = listProblems(answers.error).split('\n')
      return sendPage(reply.code(400), invitePage({ email: invite.email, token, problems }))
    }
    const { first_name: firstName, last_name: lastName, password: wanted } = answers.data
    const passwordHash = wanted === undefined ? undefined : await hashPassword(wanted)
    const done = await store.db.transaction().execute(async (tx) => {
      const accepted = await acceptInvite(tx, invite, { firstName, lastName, passwordHash }, parts)
      if (accepted === undefined) return undefined
      const cookies = await beginSession(tx, accepted.user, wanted === undefined ? 'link' : 'password', request, parts)
      await enterAll(tx, invite.id, accepted.user, request)
      await noteChange(tx, clock.now(), `accept invite ${invite.id}`)
      return { ...accepted, cookies }
    })
    if (done === undefined) return sendPage(reply.code(403), deadLinkPage())
    await parts.directory.refresh()
    if (done.keys.length === 0) return goHome(reply, done.cookies)
    const shown = done.keys.map(({ workspace, secret }) => ({
      workspace,
      secret,
      settings: parts.settingsText(parts.publicUrl(), secret),
    }))
    return sendPage(setCookies(reply, done.cookies), acceptedPage(parts.publicUrl(), shown))
  })

  /** The person is who has done it all, their keys included. */
  async function enterAll(tx: Database, inviteId: string, user: User, knock: Knock): Promise<void> {
    const now = clock.now()
    const base = {
      organisationId: user.organisationId,
      at: now,
      actor: { type: 'user', id: user.id, name: user.email, user_id: user.id },
      request: keepRequest(readOrigin(withoutToken(knock), now), 200),
      reason: null,
      before: null,
    } as const
    const after = await showUser(tx, user, parts)
    const accepted = { action: 'accept', resourceType: 'invite', resourceId: inviteId }
    await appendAuditEntry(tx, { ...base, ...accepted, workspaceId: null, after })
    for (const key of await listKeysOf(tx, user.id)) {
      const created = {
        action: 'create',
        resourceType: 'key',
        resourceId: key.id,
        workspaceId: key.workspaceId ?? null,
      }
      await appendAuditEntry(tx, { ...base, ...created, after: await showKey(tx, key, parts) })
    }
  }

  async function find(token: unknown) {
    return typeof token === 'string' ? findOpenInvite(store.db, keys.hash(token), clock.now()) : undefined
  }
}

function withoutToken({ method, url, ip, headers }: Knock): Knock {
  return { method, url: url.split('?')[0] ?? '', ip, headers }
}
