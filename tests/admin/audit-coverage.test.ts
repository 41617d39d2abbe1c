import Fastify from 'fastify'
import { expect, it, onTestFinished } from 'vitest'
import { ADMIN_KEY, startControlPlane } from './harness.ts'
import { addWalkedLog, keepWalkedBodies, walkEveryEndpoint, type Ask, type Told } from './walk.ts'

/** They take a body and change nothing: what they are asked is a question. */
const QUESTIONS = [
  'POST /configs/check',
  'POST /configuration/plan',
  'POST /alerts/channels/:id/test',
  'POST /records/masking/test',
]

/** They add what happened or was thought, of which each row says by itself who has told it. */
const TOLD = ['POST /logs', 'POST /feedback', 'PUT /feedback/:id']

/** Members of answers that are secrets, shown once. */
const SECRETS = ['key', 'secret', 'link', 'invite_link', 'inviteLink']

it(
  'every change leaves an entry under the id of its request, no question leaves one, and no secret gets in',
  { timeout: 60_000 },
  async () => {
    const hook = Fastify()
    hook.post('/', async () => ({}))
    onTestFinished(() => hook.close())
    const hookUrl = new URL(await hook.listen({ host: '127.0.0.1', port: 0 }))
    const plane = await startControlPlane({ bodies: keepWalkedBodies(), trustedHosts: [hookUrl.host] })
    await addWalkedLog(plane)
    const session = await plane.app.inject({ url: `/signin?token=${plane.signInToken}` })
    const { name, value } = session.cookies[0]!
    const cookie = { cookie: `${name}=${value}`, origin: 'http://gateway.example.com', 'x-portcullis-csrf': '1' }
    const readTrail = () => plane.store.db.selectFrom('audit_entries').selectAll().orderBy('number').execute()

    const secrets = ['sk-ant-x', 'sk-ant-y', 'sk-ant-z', 'correct horse battery', plane.signInToken, value]
    let known = (await readTrail()).length
    const ask: Ask = async (endpoint, { params = {}, query = {}, body, reason, signedIn = false } = {}) => {
      const [method = '', pattern = ''] = endpoint.split(' ')
      const path = pattern.replaceAll(/:(\w+)/g, (_, part: string) => encodeURIComponent(params[part]!))
      const answer = await plane.app.inject({
        method: method as 'GET',
        url: `/v1${path}?${new URLSearchParams(query).toString()}`,
        headers: {
          ...(signedIn ? cookie : { 'x-portkey-api-key': ADMIN_KEY }),
          ...(reason !== undefined && { 'x-portcullis-reason': reason }),
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && { payload: JSON.stringify(body) }),
      })
      const told = answer.json<Told>()
      secrets.push(...SECRETS.flatMap((member) => (typeof told[member] === 'string' ? [told[member]] : [])))
      const entries = (await readTrail()).slice(known)
      known += entries.length
      // Of a session, the first question after its content is the one that is entered.
      if (entries.every(({ action }) => action === 'open') && reason !== undefined) return told
      const changes = method !== 'GET' && !QUESTIONS.includes(endpoint) && !TOLD.includes(endpoint)
      expect(entries.length > 0, `${endpoint}: ${answer.body}`).toBe(changes)
      for (const entry of entries) {
        const { id, method: how } = JSON.parse(entry.request) as { readonly id: string; readonly method: string }
        expect([id, how], endpoint).toEqual([answer.headers['request-id'], method])
        expect(entry.resource_id, endpoint).not.toBeNull()
        // Other acts, such as making a link, are told by their name and by what they were done to.
        const shows = { create: [entry.after], update: [entry.before, entry.after], delete: [entry.before] }
        expect(shows[entry.action as 'create'] ?? [], `${endpoint} ${entry.resource_type}`).not.toContain(null)
      }
      return told
    }
    await walkEveryEndpoint(plane, ask, hookUrl.href)

    expect(secrets.length).toBeGreaterThan(9)
    const text = JSON.stringify(await readTrail())
    for (const secret of secrets) expect(text, secret).not.toContain(secret.replace(/^.*token=/, ''))
  },
)
