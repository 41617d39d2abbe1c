import { describe, expect, it } from 'vitest'
import { WORKSPACE_SCOPES } from '../../src/contract/scopes.ts'
import { DEFAULT_RECORD_RULES } from '../../src/core/record-rules.ts'
import type { Envelope, TranscriptOpening, Transcripts } from '../../src/records/transcript.ts'
import { keepRollUps } from '../../src/store/rollups/keep-roll-ups.ts'
import { startControlPlane, type ControlPlane } from './harness.ts'

const SCOPES = [...WORKSPACE_SCOPES]

const ITEM = {
  request: {
    url: 'https://api.anthropic.com/v1/messages',
    provider: 'anthropic',
    headers: { 'x-api-key': 'sk-ant-secret', 'user-agent': 'my-tool/1.2' },
    body: { model: 'claude-opus-4-5', messages: [{ role: 'user', content: 'hello' }] },
  },
  response: {
    status: 200,
    body: { model: 'claude-opus-4-5', usage: { input_tokens: 1_000, output_tokens: 100 }, stop_reason: 'end_turn' },
    response_time: 250,
  },
  metadata: {
    traceId: 'trace-1',
    spanId: 'span-1',
    spanName: 'ask',
    parentSpanId: 'span-0',
    team: 'payments',
    project: 'shop',
  },
}

async function handIn({ call }: ControlPlane, body: unknown, key: string): Promise<readonly string[]> {
  const answer = await call('POST', '/logs', body, key)
  expect(answer.status, answer.text).toBe(200)
  return answer.body['log_ids'] as unknown as string[]
}

describe('what is handed in', () => {
  it('is a record like every other, priced by our tables', async () => {
    const plane = await startControlPlane()
    const { id: keyId, key } = await plane.newKey(SCOPES)
    const [id] = await handIn(plane, ITEM, key)
    const { body } = await plane.call('GET', `/logs/${id}`, undefined, key)
    expect(body).toMatchObject({
      id,
      source: 'api',
      api_key_id: keyId,
      workspace_id: plane.workspace.id,
      trace_id: 'trace-1',
      metadata: { team: 'payments', project: 'shop' },
      project: 'shop',
      session: expect.stringMatching(/^ses_/),
      session_id: 'trace-1',
      ai_model: 'claude-opus-4-5',
      virtual_key: 'anthropic',
      req_units: 1_000,
      res_units: 100,
      cost_usd: '0.0075',
      response_time: 250,
      is_success: true,
      stop_reason: 'end_turn',
      client: 'my-tool',
      client_version: '1.2',
      flags: [],
    })
    const trace = await plane.call('GET', '/traces/trace-1', undefined, key)
    expect(trace.body).toMatchObject({ spans: [{ id: 'span-1', name: 'ask' }] })
  })

  it('costs what it says where it says so, and nothing where nobody knows, with a flag', async () => {
    const plane = await startControlPlane()
    const { key } = await plane.newKey(SCOPES)
    const ids = await handIn(
      plane,
      [
        { ...ITEM, output: { tokens: 7, cost: 12.5 } },
        { request: { provider: 'elsewhere', body: { model: 'foreign-1' } }, output: { tokens: { input_tokens: 5 } } },
        { request: { body: { model: 'claude-opus-4-5' } } },
        {
          request: { body: { model: 'gpt-x' } },
          response: { body: { usage: { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 } }, status: 500 },
        },
      ],
      key,
    )
    const logs = await Promise.all(ids.map(async (id) => (await plane.call('GET', `/logs/${id}`, undefined, key)).body))
    expect(logs).toMatchObject([
      { cost: 12.5, cost_usd: '0.125', price_version: 'given', res_units: 7, req_units: 0, flags: [] },
      { cost: 0, req_units: 5, virtual_key: 'elsewhere', flags: ['unknown_model'] },
      { cost: 0, req_units: 0, flags: ['usage_estimated'] },
      { req_units: 3, res_units: 4, is_success: false, flags: ['unknown_model'] },
    ])
  })

  it('is in the sums of usage, of its session and of its tags, once', async () => {
    const plane = await startControlPlane()
    await keepRollUps({ ...plane.store, clock: plane.clock, zone: () => 'UTC', report: () => {} }).settle()
    const { key } = await plane.newKey(SCOPES)
    await handIn(plane, [ITEM, { ...ITEM, output: { tokens: 1, cost: 100 } }], key)
    const { body } = await plane.call('GET', '/usage/breakdown?group=tag.team', undefined, key)
    expect(body).toMatchObject({
      source: 'rollups',
      total: { value: 1.0075, sums: { requests: 2, upstream_calls: 0 } },
      data: [{ group: { value: 'payments' }, value: 1.0075 }],
    })
    const { body: sessions } = await plane.call('GET', '/sessions', undefined, key)
    expect(sessions.data).toMatchObject([{ requests: 2, cost_usd: '1.0075' }])
  })

  it('keeps its content under the rules of the key, and no secret of its headers', async () => {
    const kept: { opening: TranscriptOpening; bodies: string[]; envelope?: Envelope }[] = []
    const transcripts: Transcripts = {
      begin(opening) {
        const one: (typeof kept)[number] = { opening, bodies: [opening.request.toString()] }
        kept.push(one)
        return {
          state: 'full',
          shelf: '30d-20261123',
          upstreamRequest: () => undefined,
          upstreamError: () => undefined,
          response: (bytes) => void one.bodies.push(bytes.toString()),
          end: (envelope) => void (one.envelope = envelope),
        }
      },
    }
    const plane = await startControlPlane({ transcripts })
    const { key } = await plane.newKey(SCOPES)
    const [id] = await handIn(plane, ITEM, key)
    expect(kept).toMatchObject([
      {
        opening: { exchangeId: id, workspaceId: plane.workspace.id, rules: DEFAULT_RECORD_RULES },
        bodies: [JSON.stringify(ITEM.request.body), JSON.stringify(ITEM.response.body)],
        envelope: { path: ITEM.request.url, status: 200 },
      },
    ])
    expect(kept[0]!.opening.scope).toMatch(/^ses_/)
    expect(JSON.stringify(kept[0]!.envelope)).not.toContain('sk-ant-secret')
    expect((await plane.call('GET', `/logs/${id}`, undefined, key)).body).toMatchObject({ content: 'full' })
    const silent = await plane.newKey(SCOPES, { records: { content: 'metadata' } })
    const [quiet] = await handIn(plane, ITEM, silent.key)
    expect((await plane.call('GET', `/logs/${quiet}`, undefined, key)).body).toMatchObject({ content: 'metadata' })
    // Without a key nobody could find it again to delete it.
    const answer = await plane.call('POST', `/logs?workspace_id=${plane.workspace.id}`, ITEM)
    const [keyless] = answer.body['log_ids'] as unknown as string[]
    expect((await plane.call('GET', `/logs/${keyless}`)).body).toMatchObject({ content: 'metadata' })
    expect(kept).toHaveLength(1)
  })

  it('takes what an official client makes of a list', async () => {
    const plane = await startControlPlane()
    const { key } = await plane.newKey(SCOPES)
    expect(await handIn(plane, { 0: ITEM, 1: ITEM }, key)).toHaveLength(2)
  })

  it('is seen in its own workspace only', async () => {
    const plane = await startControlPlane()
    const { key } = await plane.newKey(SCOPES)
    const others = await plane.newKey(SCOPES, { workspace_id: plane.otherWorkspace.id })
    const [id] = await handIn(plane, ITEM, key)
    expect((await plane.call('GET', `/logs/${id}`, undefined, others.key)).status).toBe(404)
    const elsewhere = await plane.call('POST', `/logs?workspace_id=${plane.otherWorkspace.id}`, ITEM, key)
    expect(elsewhere.status).toBe(404)
    const reader = await plane.newKey(['logs.view', 'completions.write'])
    expect((await plane.call('POST', '/logs', ITEM, reader.key)).status).toBe(403)
  })

  it.each([
    ['nothing', {}, 'request: is required'],
    ['an empty list', [], 'the list may not be empty'],
    ['too many', Array.from({ length: 1_001 }, () => ({ request: {} })), 'the list has to have at most 1000 entries'],
    ['a number', 5, 'the body has to be a JSON object, or a list of them'],
    ['a list of what is none', [5], '0: has to be a JSON object'],
    ['a status that is none', { request: {}, response: { status: 99 } }, 'response.status: has to be at least 100'],
    ['a cost that is none', { request: {}, output: { cost: -1 } }, 'output.cost: has to be at least 0'],
    ['other members', { request: { nonsense: 1 } }, '"nonsense" is not known here'],
    ['objects as tags', { request: {}, metadata: { a: {} } }, 'metadata.a'],
  ])('is refused with %s', async (_what, body, message) => {
    const plane = await startControlPlane()
    const { key } = await plane.newKey(SCOPES)
    const answer = await plane.call('POST', '/logs', body, key)
    expect([answer.status, answer.body.data['message']]).toEqual([400, expect.stringContaining(message)])
  })
})
