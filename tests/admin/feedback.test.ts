import { describe, expect, it } from 'vitest'
import { WORKSPACE_SCOPES } from '../../src/contract/scopes.ts'
import { exchangeRow } from '../store/rows.ts'
import { startControlPlane } from './harness.ts'

const SCOPES = [...WORKSPACE_SCOPES]

describe('feedback', () => {
  it('is kept for its trace, one at a time or as a list, and changed', async () => {
    const { call, newKey, store, workspace } = await startControlPlane()
    const { key, id: keyId } = await newKey(SCOPES)
    await store.insertMany('exchanges', [
      exchangeRow({ organisation_id: workspace.organisationId, workspace_id: workspace.id, trace_id: 'trace-1' }),
    ])
    const one = await call('POST', '/feedback', { trace_id: 'trace-1', value: 5, metadata: { by: 'ana' } }, key)
    expect(one.body).toMatchObject({ status: 'success', feedback_ids: [expect.any(String)] })
    expect(one.body['feedback_id']).toEqual(one.body['feedback_ids'])
    const list = [
      { trace_id: 'trace-1', value: -10, weight: 0.5 },
      { trace_id: 'trace-2', value: 1 },
    ]
    const more = await call('POST', '/feedback', list, key)
    expect(more.body['feedback_ids']).toHaveLength(2)
    // What the official client makes of a list.
    const numbered = await call('POST', '/feedback', { 0: { traceID: 'trace-2', value: 2 } }, key)
    expect(numbered.body['feedback_ids']).toHaveLength(1)
    const [id] = one.body['feedback_ids'] as unknown as string[]
    const changed = await call('PUT', `/feedback/${id}`, { value: 7, feedback_id: id }, key)
    expect(changed.body).toMatchObject({ feedback_ids: [id] })
    const { body } = await call('GET', '/traces/trace-1', undefined, key)
    expect(body['feedback']).toMatchObject([
      { id, value: 7, weight: 1, metadata: { by: 'ana' }, api_key_id: keyId },
      { value: -10, weight: 0.5, metadata: {} },
    ])
  })

  it('stays in its workspace', async () => {
    const { call, newKey, store, workspace, otherWorkspace } = await startControlPlane()
    const ours = await newKey(SCOPES)
    const theirs = await newKey(SCOPES, { workspace_id: otherWorkspace.id })
    const given = await call('POST', '/feedback', { trace_id: 'trace', value: 5 }, theirs.key)
    const [id] = given.body['feedback_ids'] as unknown as string[]
    expect((await call('PUT', `/feedback/${id}`, { value: 1 }, ours.key)).status).toBe(404)
    await store.insertMany('exchanges', [
      exchangeRow({ organisation_id: workspace.organisationId, workspace_id: workspace.id }),
    ])
    expect((await call('GET', '/traces/trace', undefined, ours.key)).body).toMatchObject({ feedback: [] })
    const abroad = await call(
      'POST',
      `/feedback?workspace_id=${otherWorkspace.slug}`,
      { trace_id: 'a', value: 1 },
      ours.key,
    )
    expect(abroad.status).toBe(404)
  })

  it.each([
    [{ trace_id: 'a', value: 11 }, 'value: has to be at most 10'],
    [{ trace_id: 'a', value: 1.5 }, 'value: has to be a whole number'],
    [{ trace_id: 'a', value: 1, weight: 2 }, 'weight: has to be at most 1'],
    [{ value: 1 }, 'trace_id: is required'],
    [{ trace_id: 'a', value: 1, nonsense: 1 }, '"nonsense" is not known here'],
    [{ trace_id: 'a', value: 1, metadata: { a: 'x'.repeat(4_000) } }, 'metadata: may have 4,000 characters'],
    [[], 'the list may not be empty'],
  ])('is refused: %j', async (body, message) => {
    const { call, newKey } = await startControlPlane()
    const { key } = await newKey(SCOPES)
    const answer = await call('POST', '/feedback', body, key)
    expect([answer.status, answer.body.data['message']]).toEqual([400, expect.stringContaining(message)])
  })

  it('does not move to another trace', async () => {
    const { call, newKey } = await startControlPlane()
    const { key } = await newKey(SCOPES)
    const { body } = await call('POST', '/feedback', { trace_id: 'a', value: 1 }, key)
    const [id] = body['feedback_ids'] as unknown as string[]
    expect((await call('PUT', `/feedback/${id}`, { trace_id: 'b' }, key)).status).toBe(400)
    expect((await call('PUT', `/feedback/${id}`, { trace_id: 'a', weight: 0 }, key)).status).toBe(200)
  })
})
