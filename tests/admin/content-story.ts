import type { Insertable } from 'kysely'
import { sessionKey } from '../../src/core/session-key.ts'
import type { ExchangeTable } from '../../src/store/schema-records.ts'
import { callRow, exchangeRow } from '../store/rows.ts'
import { signIn, type Actor } from './actors.ts'
import type { Answer, ControlPlane } from './harness.ts'
import { startControlPlane } from './harness.ts'
import { keepBodies, type KeptBodies } from './kept-bodies.ts'

/* A developer's session with content, and the people around it. */

export interface Story {
  readonly plane: ControlPlane
  readonly bodies: KeptBodies
  readonly developer: Actor & { readonly user: { readonly id: string } }
  readonly colleague: Actor
  readonly manager: Actor
  readonly owner: Actor
  /** `ses_…` of the developer's session. */
  readonly session: string
  /** Writes an exchange of the session; what a test does not say is a turn of the main line. */
  add(id: string, over?: Partial<Insertable<ExchangeTable>>): Promise<void>
  /** Asks as somebody; `reason` goes into its header. */
  ask(actor: Actor, path: string, reason?: string, method?: 'GET' | 'DELETE'): Promise<Answer>
}

export async function beginStory(): Promise<Story> {
  const bodies = keepBodies()
  const plane = await startControlPlane({ bodies })
  const developer = await signIn(plane, 'member', { role: 'member' })
  const { workspace, store } = plane
  const session = sessionKey(workspace.id, developer.user.id, 'claimed')
  return {
    plane,
    bodies,
    developer,
    colleague: await signIn(plane, 'member', { role: 'member' }),
    manager: await signIn(plane, 'member', { role: 'manager' }),
    owner: await signIn(plane, 'owner'),
    session,
    async add(id, over = {}) {
      const ours = {
        organisation_id: workspace.organisationId,
        workspace_id: workspace.id,
        user_id: developer.user.id,
        key_id: 'key_of_developer',
        session_id: 'claimed',
        session_key: session,
      }
      const row = exchangeRow({ ...ours, id, body_state: 'full', shelf: '30d-19700101', ...over })
      await store.insertMany('exchanges', [row])
      const { organisation_id, workspace_id, user_id, key_id, session_key, received_at } = { ...ours, ...row }
      const of = {
        organisation_id: organisation_id!,
        workspace_id: workspace_id!,
        user_id,
        key_id: key_id!,
        session_key,
      }
      await store.insertMany('ledger_calls', [
        callRow({ ...of, id: `call_${id}`, exchange_id: id, received_at, cost_nanos: row.cost_nanos }),
      ])
    },
    async ask(actor, path, reason, method = 'GET') {
      const response = await plane.app.inject({
        method,
        url: `/v1${path}`,
        headers: { ...actor.headers, ...(reason !== undefined && { 'x-portcullis-reason': reason }) },
      })
      const isJson = String(response.headers['content-type']).startsWith('application/json')
      return {
        status: response.statusCode,
        headers: response.headers,
        body: isJson && response.body.startsWith('{') ? response.json() : {},
        text: response.body,
      } as Answer
    },
  }
}
