import { describe, expect, it } from 'vitest'
import { sessionKey } from '../../src/core/session-key.ts'
import { exchangeRow } from '../store/rows.ts'
import { beginStory } from './content-story.ts'

const idsOf = (answer: { body: { data: readonly Record<string, unknown>[] } }) =>
  answer.body.data.map((item) => item['id'])

describe('sessions', () => {
  it('are added up, and say what their exchanges say of them', async () => {
    const { add, plane, session } = await beginStory()
    await add('req_1', { received_at: 1_000, cost_nanos: 1_000_000_000n })
    await add('req_2', { received_at: 2_000, status: 529, outcome: 'refused', cost_nanos: 0n })
    await add('req_3', { received_at: 3_000, request_class: 'compaction', cache_read_tokens: 90_000 })
    await add('req_4', { received_at: 4_000, agent_id: 'agent-a', model_served: 'claude-haiku-5-5' })
    await add('req_5', { received_at: 5_000, endpoint: 'count_tokens', cost_nanos: 0n })
    const { status, body, text } = await plane.call('GET', `/sessions/${session}`)
    expect(status, text).toBe(200)
    expect(body).toMatchObject({
      id: session,
      object: 'coding-session',
      session_id: 'claimed',
      workspace_slug: plane.workspace.slug,
      started_at: '1970-01-01T00:00:01.000Z',
      requests: 4,
      errors: 1,
      cost_usd: '1.002',
      turns: 4,
      agents: 1,
      peak_context_tokens: 90_010,
      compactions: 1,
      models: [
        { model: 'claude-opus-5-20260101', requests: 3, cost_usd: '1.001' },
        { model: 'claude-haiku-5-5', requests: 1, cost_usd: '0.001' },
      ],
      is_own: false,
    })
  })

  it('come with the one used last first, page by page, each once, and by every filter', async () => {
    const { add, plane, developer } = await beginStory()
    const names = ['a', 'b', 'c', 'd', 'e']
    const sessions = names.map((name) => sessionKey(plane.workspace.id, developer.user.id, name))
    for (const [at, name] of names.entries()) {
      await add(`req_${name}`, {
        received_at: 1_000 * (at + 1),
        session_key: sessions[at]!,
        session_id: name,
        project: at === 1 ? 'shop' : 'bank',
        key_id: at === 2 ? 'key_2' : 'key_1',
      })
    }
    const seen: unknown[] = []
    let cursor = ''
    for (;;) {
      const page = await plane.call('GET', `/sessions?limit=2${cursor}`)
      seen.push(...idsOf(page))
      if (page.body['next_cursor'] === null) break
      cursor = `&cursor=${String(page.body['next_cursor'])}`
    }
    expect(seen).toEqual(sessions.toReversed())
    const filtered = async (query: string) => idsOf(await plane.call('GET', `/sessions?${query}`))
    expect(await filtered('project=shop')).toEqual([sessions[1]])
    expect(await filtered('key=key_2')).toEqual([sessions[2]])
    expect(await filtered(`user=${developer.user.id}&since=1970-01-01T00:00:04Z`)).toEqual([sessions[4], sessions[3]])
    expect(await filtered('until=1970-01-01T00:00:02Z')).toEqual([sessions[0]])
    expect(await filtered('user=nobody@example.com')).toEqual([])
    expect(await filtered('workspace_id=ws-other')).toEqual([])
    expect((await plane.call('GET', '/sessions?cursor=nonsense')).status).toBe(400)
  })

  it('a copied session id is another session for another person, key or workspace, and nobody sees the other one', async () => {
    const { add, ask, plane, developer, colleague, session } = await beginStory()
    await add('req_1')
    const theirs = sessionKey(plane.otherWorkspace.id, developer.user.id, 'claimed')
    await plane.store.insertMany('exchanges', [
      exchangeRow({
        id: 'req_forged',
        organisation_id: plane.otherWorkspace.organisationId,
        workspace_id: plane.otherWorkspace.id,
        session_id: 'claimed',
        session_key: theirs,
      }),
    ])
    expect(theirs).not.toBe(session)
    const service = await plane.newKey(['logs.view'])
    for (const path of ['', '/turns', '/agents', '/openings', '/replay']) {
      expect((await plane.call('GET', `/sessions/${theirs}${path}`, undefined, service.key)).status).toBe(404)
      expect((await ask(colleague, `/sessions/${session}${path}`)).status).toBe(404)
    }
    expect(idsOf(await plane.call('GET', '/sessions', undefined, service.key))).toEqual([session])
    expect(idsOf(await ask(colleague, '/sessions'))).toEqual([])
    expect(idsOf(await ask(developer, '/sessions'))).toEqual([session])
  })
})

describe('turns', () => {
  it('of a long session are read page by page in their order, without token counts and probes', async () => {
    const { add, plane, session } = await beginStory()
    for (let at = 0; at < 7; at++) await add(`req_${at}`, { received_at: 1_000 + at, agent_id: at % 2 ? 'a' : null })
    await add('req_count', { endpoint: 'count_tokens' })
    await add('req_probe', { request_class: 'probe' })
    const seen: unknown[] = []
    let cursor = ''
    for (;;) {
      const page = await plane.call('GET', `/sessions/${session}/turns?limit=3${cursor}`)
      seen.push(...idsOf(page))
      if (page.body['next_cursor'] === null) break
      cursor = `&cursor=${String(page.body['next_cursor'])}`
    }
    expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6].map((at) => `req_${at}`))
    expect(idsOf(await plane.call('GET', `/sessions/${session}/turns?agent=a`))).toEqual(['req_1', 'req_3', 'req_5'])
    expect(idsOf(await plane.call('GET', `/sessions/${session}/turns?agent=main&limit=2`))).toEqual(['req_0', 'req_2'])
  })

  it('say what their content said of them; previews and titles only to whoever may read them', async () => {
    const { add, ask, plane, developer, manager, session } = await beginStory()
    await add('req_1')
    await plane.store.db
      .insertInto('turns')
      .values({
        id: 'req_1',
        session_key: session,
        received_at: 1_000,
        shelf: '30d-19700101',
        fresh_bytes: 53_000,
        messages: 3,
        first_changed_message: 2,
        tools_hash: 'aa',
        system_hash: 'bb',
        preview: 'please fix it',
        title: 'Fixing it',
        tools_called: '["Bash","Read"]',
      })
      .execute()
    await plane.store.db.updateTable('sessions').set({ title: 'Fixing_it' }).execute()
    const facts = { fresh_bytes: 53_000, messages: 3, first_changed_message: 2, tools: ['Bash', 'Read'] }
    const turns = `/sessions/${session}/turns`
    expect((await ask(developer, turns)).body.data[0]).toMatchObject({ ...facts, preview: 'please fix it' })
    expect((await ask(manager, turns)).body.data[0]).toMatchObject({ ...facts, preview: null })
    expect((await ask(manager, turns, 'an incident')).body.data[0]).toMatchObject({ preview: 'please fix it' })
    expect((await ask(manager, '/sessions')).body.data[0]).toMatchObject({ title: null })
    expect((await ask(developer, '/sessions')).body.data[0]).toMatchObject({ title: 'Fixing_it' })
    // Nobody finds out what a title is by asking for parts of it; and signs stand for themselves.
    expect(idsOf(await ask(manager, '/sessions?title=fixing'))).toEqual([])
    expect(idsOf(await ask(developer, '/sessions?title=FIXING'))).toEqual([session])
    expect(idsOf(await ask(developer, '/sessions?title=g_i'))).toEqual([session])
    expect(idsOf(await ask(developer, '/sessions?title=%25'))).toEqual([])
    await plane.store.db.updateTable('sessions').set({ title: 'Überall!' }).execute()
    expect(idsOf(await ask(developer, `/sessions?title=${encodeURIComponent('ÜBERALL!')}`))).toEqual([session])
    expect(idsOf(await ask(developer, `/sessions?title=${encodeURIComponent('ü')}`))).toEqual([])
  })
})

it('agents are a tree with the cost of each, by itself and with those it started, whatever they claim', async () => {
  const { add, plane, session } = await beginStory()
  const nanos = (dollars: number) => ({ cost_nanos: BigInt(dollars) * 1_000_000_000n })
  await add('req_1', { received_at: 1_000, prompt_id: 'p1', ...nanos(1) })
  await add('req_2', { received_at: 2_000, agent_id: 'explore', prompt_id: 'p1', ...nanos(2) })
  await add('req_3', { received_at: 3_000, agent_id: 'nested', parent_agent_id: 'explore', ...nanos(4) })
  await add('req_4', { received_at: 4_000, agent_id: 'loop', parent_agent_id: 'loop', ...nanos(8) })
  await add('req_5', { received_at: 5_000, agent_id: 'lost', parent_agent_id: 'nobody', status: 500, ...nanos(16) })
  const { body } = await plane.call('GET', `/sessions/${session}/agents`)
  const agents = body['agents'] as unknown as readonly {
    readonly id: string
    readonly parent_id: string | null
    readonly depth: number
    readonly prompt_ids: readonly string[]
    readonly own: { readonly cost_usd: string; readonly errors: number }
    readonly total: { readonly cost_usd: string; readonly requests: number; readonly errors: number }
  }[]
  expect(
    agents.map(({ id, parent_id, depth, own, total }) => [id, parent_id, depth, own.cost_usd, total.cost_usd]),
  ).toEqual([
    [null, null, 0, '1', '31'],
    ['explore', null, 1, '2', '6'],
    ['nested', 'explore', 2, '4', '4'],
    ['loop', null, 1, '8', '8'],
    ['lost', null, 1, '16', '16'],
  ])
  expect(agents[0]).toMatchObject({ prompt_ids: ['p1'], total: { requests: 5, errors: 1 } })
})

it('a trace shows its requests as spans, with every try for each', async () => {
  const { add, ask, plane, colleague } = await beginStory()
  const steps = [
    {
      path: 'config.targets[0]',
      provider: 'sandbox',
      result: 'failed',
      status: 529,
      reason: 'overloaded_error',
      ms: 5,
    },
    { path: 'config.targets[1]', provider: 'other', result: 'skipped', reason: 'circuit.open', ms: 0 },
    { path: 'config.targets[2]', provider: 'third', result: 'answered', status: 200, ms: 30 },
  ]
  await add('req_1', { received_at: 1_000, span_id: 'root', span_name: 'plan', cache_status: 'MISS', trace_id: 'tr' })
  const more = { span_id: 'leaf', parent_span_id: 'root', route: JSON.stringify(steps), trace_id: 'tr' }
  await add('req_2', { received_at: 2_000, ...more })
  await add('req_3', { received_at: 3_000, span_id: 'root', parent_span_id: 'nowhere', trace_id: 'tr' })
  const { body, status, text } = await plane.call('GET', '/traces/tr')
  expect(status, text).toBe(200)
  expect(body).toMatchObject({
    requests: 3,
    cost_usd: '0.003',
    complete: true,
    spans: [
      { id: 'root', parent_id: null, depth: 0, name: 'plan', log: 'req_1' },
      { id: 'leaf', parent_id: 'root', depth: 1, log: 'req_2' },
      { id: 'req_3', parent_id: null, depth: 0 },
    ],
  })
  const spans = body['spans'] as unknown as readonly { readonly steps: readonly Record<string, unknown>[] }[]
  expect(spans[0]!.steps.map((step) => [step['kind'], step['result']])).toEqual([
    ['cache', 'MISS'],
    ['try', 'completed'],
  ])
  expect(spans[1]!.steps.map((step) => [step['kind'], step['provider'], step['status'], step['cost_usd']])).toEqual([
    ['try', '@sandbox', 529, '0.001'],
    ['skipped', '@other', null, '0'],
    ['fallback', '@third', 200, '0'],
  ])
  expect((await ask(colleague, '/traces/tr')).status).toBe(404)
  expect((await plane.call('GET', '/traces/nothing')).status).toBe(404)
})
