import { expect, test } from 'vitest'
import { startGateway } from '../../src/testing/gateway.ts'

test('a refusal names a model that /model takes, where the list of allowed ones holds patterns', async () => {
  const gateway = await startGateway()
  const models = [{ slug: 'claude-haiku-*' }, { slug: 'claude-sonnet-5*' }]
  await gateway.admin('PUT', '/integrations/upstream/models', { allow_all_models: false, models })

  expect(await ask('claude-opus-5-5')).toMatch(
    /Allowed: claude-haiku-\*, claude-sonnet-5\*\. Run \/model claude-sonnet-5-5"/,
  )
  expect(await ask('claude-sonnet-5-5')).toContain('"type":"message"')

  await gateway.admin('PUT', '/integrations/sandbox/models', {
    allow_all_models: false,
    models: [{ slug: 'sandbox-e*' }],
  })
  expect(await ask('@sandbox/claude-opus-5-5')).toContain('Allowed: sandbox-e*. Run /model @sandbox/sandbox-echo"')
  await gateway.stop()

  async function ask(model: string): Promise<string> {
    const answer = await fetch(`${gateway.url}/v1/messages`, {
      method: 'POST',
      headers: { 'x-api-key': gateway.key, 'content-type': 'application/json' },
      body: JSON.stringify({ model, max_tokens: 16, messages: [{ role: 'user', content: 'Hello' }] }),
    })
    return await answer.text()
  }
})
