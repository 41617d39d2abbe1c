import { describe, expect, it } from 'vitest'
import { ALL_WORKSPACE_SCOPES, startControlPlane } from './harness.ts'

describe('rotating a key', () => {
  it('gives a new secret at once; the one before works until the transition is over', async () => {
    const { call, newKey, directory, clock } = await startControlPlane()
    const { id, key: before } = await newKey(['completions.write'])
    const rotated = await call('POST', `/api-keys/${id}/rotate`, { key_transition_period_ms: 1_800_000 })
    const after = String(rotated.body['key'])
    expect(after).not.toBe(before)
    for (const secret of [before, after]) {
      expect(directory.find(secret)).toMatchObject({ state: 'active', caller: { keyId: id } })
    }
    expect((await call('GET', `/api-keys/${id}`)).body).toMatchObject({
      key_transition_expires_at: rotated.body['key_transition_expires_at'],
    })
    clock.advance(1_800_000)
    expect(directory.find(before).state).not.toBe('active')
    expect(directory.find(after)).toMatchObject({ state: 'active' })
    expect((await call('GET', `/api-keys/${id}`)).body).toMatchObject({ key_transition_expires_at: null })
  })

  it('never leaves more than two secrets alive', async () => {
    const { call, newKey, directory } = await startControlPlane()
    const { id, key: first } = await newKey(['completions.write'])
    const rotate = async () => String((await call('POST', `/api-keys/${id}/rotate`, {})).body['key'])
    const [second, third] = [await rotate(), await rotate()]
    expect([first, second, third].map((secret) => directory.find(secret).state)).toEqual([
      'unknown',
      'active',
      'active',
    ])
  })

  it('moves the next rotation on, which its policy shows', async () => {
    const { call, newKey, clock } = await startControlPlane()
    const { id } = await newKey(['completions.write'], { rotation_policy: { rotation_period_days: 30 } })
    const policy = async () => (await call('GET', `/api-keys/${id}`)).body['rotation_policy']
    const due = (days: number) => new Date(Date.UTC(2026, 10, 23) + days * 86_400_000).toISOString().slice(0, 10)
    expect(await policy()).toMatchObject({ next_rotation_at: expect.stringContaining(due(30)) })
    clock.advance(10 * 86_400_000)
    await call('POST', `/api-keys/${id}/rotate`, {})
    expect(await policy()).toMatchObject({ next_rotation_at: expect.stringContaining(due(40)) })
    await call('PUT', `/api-keys/${id}`, { rotation_policy: null, alert_emails: ['ops@example.com'] })
    expect((await call('GET', `/api-keys/${id}`)).body).toMatchObject({
      rotation_policy: null,
      alert_emails: ['ops@example.com'],
    })
  })

  it('is no way to the secret of a key that may do more', async () => {
    const { call, newKey } = await startControlPlane()
    const strong = await newKey(ALL_WORKSPACE_SCOPES)
    const weak = await newKey(['workspace_service_api_keys.rotate', 'workspace_service_api_keys.read'])
    expect((await call('POST', `/api-keys/${strong.id}/rotate`, {}, weak.key)).status).toBe(403)
    expect((await call('POST', `/api-keys/${weak.id}/rotate`, {}, weak.key)).status).toBe(200)
  })

  it('takes half an hour at least', async () => {
    const { call, newKey } = await startControlPlane()
    const { id } = await newKey(['completions.write'])
    const hasty = await call('POST', `/api-keys/${id}/rotate`, { key_transition_period_ms: 1_799_999 })
    expect(hasty).toMatchObject({ status: 400, body: { data: { message: expect.stringContaining('1800000') } } })
  })
})
