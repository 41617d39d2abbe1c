import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { SANDBOX_MODELS } from '../../src/providers/scripted/models.ts'
import { findClaudeCode, runClaudeCode } from '../../src/testing/claude-code.ts'
import { type TestGateway, startGateway } from '../../src/testing/gateway.ts'
import { send } from '../../src/testing/http.ts'
import { readEvents } from '../../src/testing/read-events.ts'

let gateway: TestGateway

beforeAll(async () => {
  gateway = await startGateway({
    settings: { PORTCULLIS_FIRST_BYTE_TIMEOUT_MS: '300', PORTCULLIS_IDLE_TIMEOUT_MS: '300' },
  })
})

afterAll(() => gateway.stop())

/** Endless and slow ones have tests of their own, with a clock that the test turns. */
const QUICK = SANDBOX_MODELS.map(({ id }) => id).filter((id) => !/silent|slow|late$/.test(id))

describe('the sandbox of a new installation', () => {
  test.each(QUICK)('answers %s, and the exchange is in the log once', async (model) => {
    const before = (await gateway.logs()).length
    const { status, body } = await ask(model)
    const rows = await gateway.logs()
    expect(rows).toHaveLength(before + 1)
    expect(rows.at(-1)).toMatchObject({ model_asked: expect.stringContaining(model), response_status_code: status })
    expect(body.length).toBeGreaterThan(0)
  })

  test.each(['sandbox-cut', 'sandbox-cut-clean', 'sandbox-overloaded-mid', 'sandbox-silent-mid'])(
    'never lets %s look like a whole answer',
    async (model) => {
      const names = readEvents((await ask(model)).body).map(({ name }) => name)
      expect(names).not.toContain('message_stop')
      expect(names.at(-1)).toBe('error')
    },
  )

  test.each(['sandbox-garbage', 'sandbox-empty', 'sandbox-cut-first', 'sandbox-cut-start', 'sandbox-silent-first'])(
    'turns %s into a status that tells the client to come back',
    async (model) => {
      const { status, body } = await ask(model)
      expect(status).toBeGreaterThanOrEqual(500)
      expect(JSON.parse(body.toString())).toMatchObject({ type: 'error', error: { type: expect.any(String) } })
    },
  )

  test.skipIf(findClaudeCode() === undefined)(
    'carries a whole session of Claude Code',
    { timeout: 90_000 },
    async () => {
      const { stdout, exitCode } = await runClaudeCode({
        baseUrl: gateway.url,
        token: gateway.key,
        args: ['Please look around', '--model', '@sandbox/sandbox-agents'],
        env: { CLAUDE_CODE_MAX_RETRIES: '0' },
      })
      expect(stdout).toContain('You asked: “Please look around”')
      expect(exitCode).toBe(0)
      expect(gateway.upstream.requests).toHaveLength(0)
    },
  )
})

function ask(model: string) {
  const headers = ['authorization', `Bearer ${gateway.key}`, 'content-type', 'application/json']
  const messages = [{ role: 'user', content: 'Hello?' }]
  const body = JSON.stringify({ model: `@sandbox/${model}`, max_tokens: 1_000, messages, stream: true })
  return send(`${gateway.url}/v1/messages`, { headers, body }).answer
}
