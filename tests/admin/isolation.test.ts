import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AdminRoute } from '../../src/admin/route.ts'
import { ADMIN_ROUTES } from '../../src/admin/routes.ts'
import { FIELDS, type Field } from '../../src/contract/filter/fields.ts'
import { quote } from '../../src/contract/filter/tokens.ts'
import { CONTENT_SCOPE, DEFAULT_WORKSPACE_SCOPES, WORKSPACE_SCOPES } from '../../src/contract/scopes.ts'
import { newId } from '../../src/core/ids.ts'
import { addClientEvents } from '../../src/store/client-events.ts'
import { addClientCounts } from '../../src/store/client-metrics.ts'
import { insertLogExport } from '../../src/store/log-exports.ts'
import { insertMember } from '../../src/store/members.ts'
import { insertOrganisation } from '../../src/store/organisations.ts'
import { keepRollUps } from '../../src/store/rollups/keep-roll-ups.ts'
import type { Workspace } from '../../src/store/workspaces.ts'
import { addKey, addUser, addWorkspace } from '../store/tenants.ts'
import { callRow, exchangeRow } from '../store/rows.ts'
import { signIn } from './actors.ts'
import { ADMIN_KEY, startControlPlane, type ControlPlane } from './harness.ts'
import { addressOf, anyValue, mark, REQUIRED, type Owner, type Stream, type Value } from './isolation-values.ts'
import { keepBodies } from './kept-bodies.ts'

/*
 * Whatever anybody asks of any endpoint that reads records: nothing comes back that belongs to somebody they may not see. Every
 * text of every record carries the mark of its owner, and every content another one.
 */

/** Whoever may read records or what they come to may ask these, wherever they lie. */
const QUERIES = ADMIN_ROUTES.filter(
  ({ method, scope }) => method === 'GET' && scope.some((name) => /^(?:logs|analytics)\./.test(name)),
)

interface Asker {
  readonly name: string
  readonly headers: Readonly<Record<string, string>>
  /** The workspace they belong to; undefined for administrators. */
  readonly home: string | undefined
  /** Letters of those whose records they see, and whose content without a reason. */
  readonly sees: string
  readonly owns: string
  /** Whether a reason opens what others wrote. */
  readonly opens: boolean
}

/** About every sixth is answered; which ones is a matter of luck, so half as many are enough. */
const RUNS = 800

const NOW = Date.UTC(2026, 4, 1)
const content = (letter: string) => `said${letter}x`

describe('nobody is told of what belongs to others', () => {
  let plane: ControlPlane
  let owners: readonly Owner[]
  let askers: readonly Asker[]
  let searched: readonly string[] = []

  it('whatever they ask, at any endpoint that reads records', { timeout: 120_000 }, async () => {
    await start()
    let answered = 0
    await fc.assert(
      fc.asyncProperty(
        fc.nat(askers.length - 1),
        fc.nat(QUERIES.length - 1),
        fc.boolean(),
        fc.infiniteStream(anyValue(owners)),
        async (askerAt, routeAt, withReason, values) => {
          const [asker, route] = [askers[askerAt]!, QUERIES[routeAt]!]
          searched = []
          const { status, text, given } = await ask(asker, route, withReason, values)
          expect([status < 500, route.path, given]).toEqual([true, route.path, given])
          if (status === 200) answered++
          // What the asker wrote may be repeated to them.
          const told = given.reduce(
            (left, each) => left.replaceAll(each, '').replaceAll(JSON.stringify(each).slice(1, -1), ''),
            text,
          )
          for (const owner of owners) expectNothingOf(owner, asker, told, withReason, [route.path, given])
        },
      ),
      { numRuns: RUNS },
    )
    // What is refused for its form says nothing of rights; a good part is answered.
    expect(answered).toBeGreaterThan(RUNS / 14)
  })

  it('by its own id, of each to each, and every endpoint has something to tell', { timeout: 240_000 }, async () => {
    await start()
    const silent = new Set(QUERIES.map(({ path }) => path))
    for (const route of QUERIES) {
      for (const asker of askers) {
        for (const owner of owners) {
          searched = []
          const url = addressOf(route, owner)
          const headers = { ...asker.headers, 'x-portcullis-reason': 'a test' }
          const { statusCode, body } = await plane.app.inject({ url, headers })
          const place = [asker.name, url, body]
          expect([statusCode < 500, ...place]).toEqual([true, ...place])
          // What was asked for may be repeated.
          const told = ['tag', 'trace'].reduce((left, what) => left.replaceAll(mark(owner.letter, what), ''), body)
          for (const each of owners) expectNothingOf(each, asker, told, true, [asker.name, url])
          const isAlone = /:id|compare/.test(route.path) && !asker.sees.includes(owner.letter)
          expect([isAlone && statusCode === 200, ...place]).toEqual([false, ...place])
          if (statusCode === 200) silent.delete(route.path)
        }
      }
    }
    expect([...silent]).toEqual([])
  })

  it('a name or an id of others finds nothing, and nothing is counted of it', { timeout: 240_000 }, async () => {
    await start()
    const fields = Object.entries<Field>(FIELDS).filter(([, { kind }]) => kind === 'text')
    for (const asker of askers) {
      for (const { letter, names } of owners.filter(({ letter: each }) => !asker.sees.includes(each))) {
        for (const [field] of [...fields, [`tag.${mark(letter, 'tag')}`]]) {
          const q = encodeURIComponent(`${field}:${names.map(quote).join(',')}`)
          const { body } = await send(asker, `/logs?count=true&q=${q}`)
          // A workspace may be the same for two people; what is found is one's own.
          const seen = (body.data as { id: string }[]).map(({ id }) => id.slice(-1))
          expect([asker.name, field, seen.filter((each) => !asker.sees.includes(each))]).toEqual([
            asker.name,
            field,
            [],
          ])
        }
        const breakdown = await send(
          asker,
          `/usage/breakdown?q=${encodeURIComponent(`project:${mark(letter, 'project')}`)}`,
        )
        expect(breakdown.body).toMatchObject({ total: { value: 0 } })
      }
    }
  })

  it('everybody sees their own, so that the others mean something', async () => {
    await start()
    for (const asker of askers) {
      const { body } = await send(asker, '/logs?limit=200')
      const seen = (body.data as { id: string }[]).map(({ id }) => id.slice(-1))
      expect([asker.name, [...new Set(seen)].toSorted().join('')]).toEqual([asker.name, asker.sees])
    }
  })

  function expectNothingOf(owner: Owner, asker: Asker, told: string, withReason: boolean, place: readonly unknown[]) {
    const { letter, workspace, userId, keyId } = owner
    if (!asker.sees.includes(letter)) {
      const found = told.toLowerCase().indexOf(mark(letter, '').toLowerCase())
      expect([...place, found === -1 ? '' : told.slice(Math.max(found - 100, 0), found + 50)]).toEqual([...place, ''])
      for (const id of [userId, keyId]) expect([...place, told.includes(id)]).toEqual([...place, false])
      const isSeen = workspace.id === asker.home || (asker.home === undefined && letter !== 'D')
      const isTold = told.includes(workspace.id) || searched.includes(workspace.id)
      expect([...place, isTold && !isSeen]).toEqual([...place, false])
    }
    const opened = asker.owns.includes(letter) || (withReason && asker.opens && asker.sees.includes(letter))
    if (!opened) expect([...place, told.includes(content(letter))]).toEqual([...place, false])
  }

  async function start(): Promise<void> {
    const bodies = keepBodies()
    for (const letter of 'ABCD')
      bodies.keep(`req_${letter}`, 'client_request', JSON.stringify({ messages: [content(letter)] }))
    plane = await startControlPlane({
      bodies: {
        ...bodies,
        // Finds everything, whoever asks: nothing of that may come through.
        search: async ({ workspaceIds }) => {
          searched = workspaceIds
          return { exchangeIds: owners.map(({ letter }) => `req_${letter}`), complete: true }
        },
      },
    })
    plane.clock.advance(NOW + 86_400_000 - plane.clock.now())
    const { store, clock, workspace, otherWorkspace } = plane
    await keepRollUps({
      db: store.db,
      clock,
      zone: () => 'UTC',
      report: (problem) => expect(problem).toBe(undefined),
    }).settle()
    const foreign = newId<'organisation'>(NOW)
    await insertOrganisation(store.db, { id: foreign, name: mark('D', 'organisation'), createdAt: 2 * NOW })
    const foreignWorkspace = await addWorkspace(store.db, foreign, { slug: 'mark-d', name: mark('D', 'workspace') })
    const a = await addOwner('A', workspace)
    const b = await addOwner('B', workspace)
    const c = await addOwner('C', otherWorkspace)
    const d = await addOwner('D', foreignWorkspace)
    owners = [a.owner, b.owner, c.owner, d.owner]
    const key = (name: string, secret: string, sees: string, owns = '', opens = false): Asker => ({
      name,
      home: sees === 'ABC' ? undefined : ownerOf(sees.charAt(0)).workspace.id,
      headers: { 'x-portkey-api-key': secret },
      sees,
      owns,
      opens,
    })
    const service = [...WORKSPACE_SCOPES]
    const withoutContent = service.filter((scope) => scope !== CONTENT_SCOPE)
    const inOther = { workspace_id: otherWorkspace.id }
    askers = [
      key('administrator', ADMIN_KEY, 'ABC', '', true),
      key('service key', (await plane.newKey(service)).key, 'AB', '', true),
      key('service key without content', (await plane.newKey(withoutContent)).key, 'AB'),
      key('service key elsewhere', (await plane.newKey(service, inOther)).key, 'C', '', true),
      key("a person's key", a.secret, 'A', 'A'),
      key("another person's key", b.secret, 'B', 'B'),
      { name: 'manager', home: workspace.id, ...(await signedIn('manager')), sees: 'AB', owns: '', opens: true },
      { name: 'member', home: workspace.id, ...(await signedIn('member')), sees: '', owns: '', opens: false },
    ]
  }

  async function signedIn(role: 'manager' | 'member'): Promise<Pick<Asker, 'headers'>> {
    return { headers: (await signIn(plane, 'member', { role })).headers }
  }

  async function addOwner(letter: string, workspace: Workspace): Promise<{ owner: Owner; secret: string }> {
    const { store } = plane
    const user = await addUser(store.db, workspace.organisationId, {
      firstName: mark(letter, 'first'),
      lastName: mark(letter, 'last'),
      email: `${mark(letter, 'mail').toLowerCase()}@example.com`,
    })
    const isOurs = workspace.organisationId === plane.workspace.organisationId
    await insertMember(store.db, { workspaceId: workspace.id, userId: user.id, role: 'member', joinedAt: 1 })
    const { id: keyId, key: secret } = isOurs
      ? await plane.newKey(DEFAULT_WORKSPACE_SCOPES, {
          type: 'user',
          user_id: user.id,
          workspace_id: workspace.id,
          name: mark(letter, 'key'),
        })
      : {
          id: (await addKey(store.db, workspace, `hash ${letter}`, { name: mark(letter, 'key'), userId: user.id })).id,
          key: '',
        }
    const row = {
      received_at: NOW,
      organisation_id: workspace.organisationId,
      workspace_id: workspace.id,
      key_id: keyId,
      user_id: user.id,
      session_key: `ses_${letter}`,
      project: mark(letter, 'project'),
      provider_slug: mark(letter, 'provider'),
    }
    await store.insertMany('exchanges', [
      exchangeRow({
        ...row,
        id: `req_${letter}`,
        metadata: JSON.stringify({ [mark(letter, 'tag')]: mark(letter, 'value') }),
        trace_id: mark(letter, 'trace'),
        client: mark(letter, 'client'),
        client_version: mark(letter, 'version'),
        session_id: mark(letter, 'session'),
        agent_id: mark(letter, 'agent'),
        parent_agent_id: mark(letter, 'parent'),
        prompt_id: mark(letter, 'prompt'),
        request_class: mark(letter, 'class'),
        model_asked: mark(letter, 'asked'),
        model_served: mark(letter, 'model'),
        config_id: mark(letter, 'config'),
        error_code: mark(letter, 'error'),
        stop_reason: mark(letter, 'stop'),
        upstream_request_id: mark(letter, 'upstream'),
        route: JSON.stringify([
          { path: mark(letter, 'path'), provider: mark(letter, 'step'), result: 'failed', ms: 1 },
        ]),
        changes: JSON.stringify([mark(letter, 'change')]),
        span_name: mark(letter, 'span'),
        shelf: '30-2026-05-01',
        body_state: 'full',
      }),
    ])
    await store.insertMany('ledger_calls', [
      callRow({ ...row, exchange_id: `req_${letter}`, model: mark(letter, 'model'), opened_at: NOW, closed_at: NOW }),
    ])
    const turn = { id: `req_${letter}`, session_key: `ses_${letter}`, received_at: NOW, shelf: '30-2026-05-01' }
    await store.db
      .insertInto('turns')
      .values({
        ...turn,
        fresh_bytes: 1,
        messages: 1,
        preview: content(letter),
        title: content(letter),
        tools_called: '[]',
      })
      .execute()
    await store.db
      .updateTable('sessions')
      .set({ title: content(letter) })
      .where('id', '=', `ses_${letter}`)
      .execute()
    await addClientEvents(store.db, [
      {
        organisationId: workspace.organisationId,
        workspaceId: workspace.id,
        keyId,
        userId: user.id,
        id: `cev_${letter}`,
        name: mark(letter, 'event'),
        sessionKey: `ses_${letter}`,
        requestId: `req_${letter}`,
        at: NOW,
        attributes: JSON.stringify({ tool: mark(letter, 'tool') }),
      },
    ])
    await addClientCounts(store.db, [
      {
        organisationId: workspace.organisationId,
        workspaceId: workspace.id,
        keyId,
        userId: user.id,
        start: NOW,
        name: 'claude_code.commit.count',
        attributes: '{}',
        value: 1,
      },
    ])
    await insertLogExport(store.db, {
      id: `exp_${letter}`,
      organisationId: workspace.organisationId,
      workspaceId: workspace.id,
      description: mark(letter, 'export'),
      status: 'success',
      request: JSON.stringify({ filters: { trace_id: mark(letter, 'trace') } }),
      maker: '{}',
      filter: null,
      folder: plane.exports.folder,
      cursor: null,
      rows: 1,
      bytes: 1,
      error: null,
      createdBy: keyId,
      createdAt: NOW,
      updatedAt: NOW,
      startedAt: NOW,
      finishedAt: NOW,
    })
    const whats = [
      'first',
      'last',
      'key',
      'project',
      'trace',
      'client',
      'session',
      'agent',
      'model',
      'config',
      'error',
      'value',
    ]
    const names = [
      ...whats.map((what) => mark(letter, what)),
      user.email,
      user.id,
      keyId,
      workspace.id,
      workspace.slug,
      `req_${letter}`,
      `ses_${letter}`,
    ]
    return {
      owner: { letter, organisationId: workspace.organisationId, workspace, userId: user.id, keyId, names },
      secret,
    }
  }

  function ownerOf(letter: string): Owner {
    return owners.find((owner) => owner.letter === letter)!
  }

  async function ask(asker: Asker, route: AdminRoute, withReason: boolean, values: Stream<Value>) {
    const given: string[] = []
    const take = (name: string) => {
      const value = values.next().value.for(name)
      given.push(value)
      return value
    }
    const path = route.path.replaceAll(/:(\w+)/g, (_, name: string) => encodeURIComponent(take(name)))
    const query = new URLSearchParams()
    // Of many names a few are enough: the more are given, the more likely one of them is refused.
    const isTaken = () =>
      Array.from({ length: route.queryNames.length > 15 ? 2 : 1 }, () => values.next().value.isGiven)
    for (const name of route.queryNames) {
      if (isTaken().every(Boolean) || REQUIRED.includes(name)) query.set(name, take(name))
    }
    const { statusCode, body } = await plane.app.inject({
      method: 'GET',
      url: `/v1${path}?${query.toString()}`,
      headers: { ...asker.headers, ...(withReason && { 'x-portcullis-reason': 'a test' }) },
    })
    // Parts of a filter are repeated by themselves.
    const parts = given.flatMap((each) => each.split(/[\s:,"]+/)).filter((part) => part.length > 1)
    return {
      status: statusCode,
      text: body,
      given: [...given, ...parts].toSorted((one, other) => other.length - one.length),
    }
  }

  async function send(asker: Asker, path: string) {
    const { body, json } = await plane.app.inject({ method: 'GET', url: `/v1${path}`, headers: asker.headers })
    expect(body).not.toContain('"errorCode"')
    return { body: json() as { data: unknown } & Record<string, unknown> }
  }
})
