import { afterEach, describe, expect, test, vi } from 'vitest'
import { header } from '../../src/core/headers.ts'
import { findClaudeCode, runClaudeCode } from '../../src/testing/claude-code.ts'
import { type TestGateway, type TestGatewayOptions, startGateway } from '../../src/testing/gateway.ts'
import { type RecordingProxy, startRecordingProxy } from '../../src/testing/recording-proxy.ts'

vi.setConfig({ testTimeout: 90_000 })

/** Enough for nothing that Claude Code asks. */
const SPENT = { credit_limit: '0.01', periodic_reset: 'weekly' }

const MODEL = 'claude-opus-5-5'

let gateway: TestGateway
let wire: RecordingProxy

afterEach(async () => {
  await wire.stop()
  await gateway.stop()
})

interface Subject {
  readonly name: string
  /** Sets the budget; answers with the key of the developer whom it stops. */
  readonly limit: () => Promise<string>
  readonly says: string
}

const SUBJECTS: readonly Subject[] = [
  {
    name: 'key',
    limit: async () => (await gateway.createKey({ name: 'ci', usage_limits: SPENT })).key,
    says: 'Key “ci” has used $0 of $0.01 this week',
  },
  {
    name: 'user',
    async limit() {
      const { data } = await gateway.admin<{ data: { id: string }[] }>('GET', '/admin/users')
      const id = data[0]!.id
      await gateway.admin('PUT', `/admin/users/${id}`, { usage_limits: SPENT })
      const { key } = await gateway.admin<{ key: string }>('POST', '/api-keys/workspace/user', {
        name: 'own',
        workspace_id: await workspace(),
        user_id: id,
        defaults: { provider: '@upstream' },
      })
      return key
    },
    says: 'You have used $0 of $0.01 this week',
  },
  {
    name: 'workspace',
    async limit() {
      await gateway.admin('PUT', `/admin/workspaces/${await workspace()}`, { usage_limits: [SPENT] })
      return gateway.key
    },
    says: 'has used $0 of $0.01 this week',
  },
  {
    name: 'organisation',
    async limit() {
      await gateway.admin('PUT', '/organisation', { usage_limits: [SPENT] })
      return gateway.key
    },
    says: 'has used $0 of $0.01 this week',
  },
  {
    name: 'provider',
    async limit() {
      await gateway.admin('PUT', '/providers/upstream', { usage_limits: SPENT })
      return gateway.key
    },
    says: 'has used $0 of $0.01 this week',
  },
  {
    name: 'policy',
    async limit() {
      await gateway.admin('POST', '/policies/usage-limits', {
        name: 'Everybody',
        workspace_id: await workspace(),
        conditions: [],
        group_by: [{ key: 'api_key' }],
        type: 'cost',
        ...SPENT,
      })
      return gateway.key
    },
    says: 'has used $0 of $0.01 this week',
  },
]

async function workspace(): Promise<string> {
  const { data } = await gateway.admin<{ data: { slug: string }[] }>('GET', '/admin/workspaces')
  return data[0]!.slug
}

async function start(options: TestGatewayOptions = {}): Promise<void> {
  gateway = await startGateway(options)
  wire = await startRecordingProxy(gateway.url)
  await gateway.admin('PUT', '/organisation', { contact: '#ai-platform', time_zone: 'Europe/Berlin' })
}

const calls = () => wire.exchanges.filter(({ method, path }) => method === 'POST' && path.startsWith('/v1/messages'))

describe.skipIf(findClaudeCode() === undefined)(
  'Claude Code stops at once, and says why, when a budget is spent',
  () => {
    test.each(SUBJECTS)('$name', async ({ limit, says }) => {
      await start()
      const token = await limit()
      const { stdout, exitCode } = await runClaudeCode({
        baseUrl: wire.origin,
        token,
        args: ['Hello', '--model', MODEL],
      })
      expect(stdout).toContain('API Error: 402 ')
      expect(stdout).toContain(says)
      expect(stdout).toMatch(/It begins anew on \d+ \w+ at 00:00 \S+\. Ask #ai-platform if you need more before\./)
      expect(exitCode).toBe(1)
      // Asked once: a session does not knock on a closed door, and does not go on with another model.
      expect(calls().map(({ status }) => status)).toEqual([402])
      expect(gateway.upstream.requests).toEqual([])
    })

    test('in gateway mode with our sentence alone', async () => {
      await start()
      const { key } = await gateway.createKey({ name: 'ci', usage_limits: SPENT })
      const { stdout } = await runClaudeCode({
        baseUrl: wire.origin,
        token: key,
        args: ['Hello', '--model', MODEL],
        env: { CLAUDE_CODE_USE_GATEWAY: '1' },
      })
      expect(stdout).toMatch(/^Key “ci” has used \$0 of \$0\.01 this week/)
      expect(stdout).not.toContain('API Error')
      expect(calls().map(({ status }) => status)).toEqual([429])
    })
  },
)

describe.skipIf(findClaudeCode() === undefined)('the /usage screen in gateway mode', () => {
  test('shows what is spent of the budget, and when it begins anew', async () => {
    await start()
    const { key } = await gateway.createKey({ usage_limits: { credit_limit: 3, periodic_reset: 'daily' } })
    const env = { CLAUDE_CODE_USE_GATEWAY: '1' }
    await runClaudeCode({ baseUrl: wire.origin, token: key, args: ['Hello', '--model', MODEL], env })
    const { stdout } = await runClaudeCode({ baseUrl: wire.origin, token: key, args: ['/usage'], env })
    expect(stdout).toMatch(/Spend limit: \$0\.\d\d \/ \$3\.00 spent today \(\d+%\)/)
    expect(wire.exchanges.map(({ path, status }) => `${path} ${status}`)).toContain('/api/oauth/usage 200')
  })
})

describe.skipIf(findClaudeCode() === undefined)('a session of Claude Code', () => {
  test('ends with the reason when its budget is spent on the way', async () => {
    await start()
    const { key, id } = await gateway.createKey({
      name: 'ci',
      usage_limits: { credit_limit: 50, periodic_reset: 'daily' },
    })
    await wire.stop()
    wire = await startRecordingProxy(gateway.url, {
      async before(ordinal) {
        if (ordinal === 2) {
          await gateway.admin('PUT', `/api-keys/${id}`, {
            usage_limits: { credit_limit: '0.01', periodic_reset: 'daily' },
          })
        }
      },
    })
    const { stdout, stderr } = await runClaudeCode({
      baseUrl: wire.origin,
      token: key,
      args: ['Please look around', '--model', 'sandbox-agents', '--disallowedTools', 'Agent'],
    })
    expect(stdout + stderr).toContain('API Error: 402 Key “ci” has used')
    expect(calls().map(({ status }) => status)).toEqual([200, 200, 402])
  })

  test('whose answer grows past a tight budget hears why with its next request', async () => {
    await start({ upstream: { playAs: () => 'sandbox-huge' } })
    const { key } = await gateway.createKey({ name: 'ci', usage_limits: { credit_limit: '0.35', mode: 'tight' } })
    const { stdout, exitCode } = await runClaudeCode({
      baseUrl: wire.origin,
      token: key,
      args: ['Hello', '--model', MODEL],
    })
    expect(stdout).toMatch(/API Error: 402 Key “ci” has used \$0\.\d\d of \$0\.35/)
    expect(exitCode).toBe(1)
    // The stream that was ended, and the client's own second try without a stream.
    expect(calls().map(({ status }) => status)).toEqual([200, 402])
    const [ended] = await gateway.logs()
    expect(ended).toMatchObject({ outcome: 'interrupted', interrupted_by: null, error_code: 'budget.spent' })
  })

  test('within its budget never hears of it', async () => {
    await start()
    const { key, id } = await gateway.createKey({ name: 'ci', usage_limits: { credit_limit: 50 } })
    const { stdout, exitCode } = await runClaudeCode({
      baseUrl: wire.origin,
      token: key,
      args: ['Hello', '--model', MODEL],
    })
    expect(exitCode).toBe(0)
    expect(stdout).not.toMatch(/budget|limit/i)
    expect(
      calls().every(({ answerHeaders }) => header(answerHeaders, 'anthropic-ratelimit-unified-status') === undefined),
    ).toBe(true)
    const read = await gateway.admin<{ usage_limits: { current_usage: unknown; held: unknown } }>(
      'GET',
      `/api-keys/${id}`,
    )
    expect(Number(read.usage_limits.current_usage)).toBeGreaterThan(0)
    expect(Number(read.usage_limits.held)).toBe(0)
  })
})
