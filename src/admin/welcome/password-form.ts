import type { FastifyInstance } from 'fastify'
import { listProblems } from '../../contract/fields.ts'
import { PasswordChange } from '../../contract/console-sessions.ts'
import { refuseForeignOrigin } from '../authenticate.ts'
import { AdminError } from '../error.ts'
import type { AdminParts } from '../parts.ts'
import { readOrigin } from '../read-origin.ts'
import { findSession } from '../console-sessions/find-session.ts'
import { setPassword } from '../console-sessions/set-password.ts'
import { viewWorkspace } from '../console-sessions/view-workspace.ts'
import { SESSION_COOKIE, readCookie } from './cookie.ts'
import { fieldOf } from './form.ts'
import { overview } from './overview.ts'
import { FORM_BYTES_MAX, goHome, sendPage } from './send-page.ts'

/** `POST /password`: the form by which somebody who has signed in sets a password, without a program that sends headers. */
export function registerPasswordForm(scope: FastifyInstance, parts: AdminParts): void {
  const { store, clock } = parts

  scope.post('/password', { bodyLimit: FORM_BYTES_MAX }, async (request, reply) => {
    refuseForeignOrigin(request, parts.publicUrl())
    const token = readCookie(request.headers.cookie, SESSION_COOKIE)
    const session = token === undefined ? undefined : await findSession(token, parts)
    if (session === undefined) return goHome(reply, [])
    const current = fieldOf(request.body, 'current_password')
    const typed = PasswordChange.safeParse({
      new_password: fieldOf(request.body, 'new_password'),
      ...(current !== '' && { current_password: current }),
    })
    const refuse = async (lines: readonly string[]) =>
      sendPage(reply.code(400), await overview(session, parts, { isGood: false, lines }))
    if (!typed.success) return refuse(listProblems(typed.error).split('\n'))
    const identity = await viewWorkspace(store.db, session, undefined)
    try {
      await setPassword({ ...identity, origin: readOrigin(request, clock.now()) }, typed.data, parts)
    } catch (error) {
      if (!(error instanceof AdminError)) throw error
      return refuse([error.message])
    }
    const done = ['Your password is set. All other sessions of yours have ended.']
    return sendPage(reply, await overview(session, parts, { isGood: true, lines: done }))
  })
}
