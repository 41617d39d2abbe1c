import { afterEach, describe, expect, test, vi } from 'vitest'
import { formatDollars, parseDollars } from '../../src/core/money.ts'
import {
  CLIENTS,
  type ClaudeCodeRun,
  findClaudeCode,
  runClaudeCode,
  startClaudeCode,
} from '../../src/testing/claude-code.ts'
import { type TestGateway, type TestGatewayOptions, startGateway } from '../../src/testing/gateway.ts'
import { type RecordingProxy, startRecordingProxy } from '../../src/testing/recording-proxy.ts'

// A real client starts in under a second, but the machine may be busy with other tests.
vi.setConfig({ testTimeout: 90_000 })

let gateway: TestGateway
let wire: RecordingProxy

afterEach(async () => {
  await wire.stop()
  await gateway.stop()
})

/** Starts a gateway whose upstream plays one behaviour, and a recorder in front of it. */
async function start(playAs?: string, options: TestGatewayOptions = {}): Promise<void> {
  gateway = await startGateway({ ...options, ...(playAs !== undefined && { upstream: { playAs: () => playAs } }) })
  wire = await startRecordingProxy(gateway.url)
}

/** A developer's usual run; few repetitions, so that a failing test ends. */
function asDeveloper(more: Partial<ClaudeCodeRun> & Pick<ClaudeCodeRun, 'args'>): ClaudeCodeRun {
  return {
    baseUrl: wire.origin,
    token: gateway.key,
    ...more,
    env: { CLAUDE_CODE_GATEWAY_HINT_HEADERS: '1', CLAUDE_CODE_MAX_RETRIES: '1', ...more.env },
  }
}

/** Requests of the client that carry a body, as they went through the recorder. */
const calls = () => wire.exchanges.filter(({ method }) => method === 'POST')

describe.each([
  { client: 'claude-code', model: 'claude-opus-5-5' },
  { client: 'claude-code-old', model: 'claude-opus-4-6' },
] as const)('a session of $client with two sub-agents', ({ client, model }) => {
  const installed = findClaudeCode(client)

  test.skipIf(installed === undefined)('goes through byte for byte and is counted to the last token', async () => {
    await start('sandbox-agents')
    const end = await runClaudeCode(asDeveloper({ client, args: ['Please look around', '--model', model] }))
    expect(end).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('You asked: “Please look around”') })

    expect(calls().length).toBeGreaterThanOrEqual(10)
    expectSameBytesOnBothSides()
    expect(userAgents()).toEqual([expect.stringContaining(CLIENTS[client])])
    await expectWholeBooks()
  })

  test.skipIf(installed === undefined)('is recorded with its session and its sub-agents', async () => {
    await start('sandbox-agents')
    await runClaudeCode(asDeveloper({ client, args: ['Please look around', '--model', model] }))
    const rows = await gateway.logs()
    expect(rows).toHaveLength(calls().length)
    expect(new Set(rows.map(({ session_id }) => session_id)).size).toBe(1)
    expect(rows[0]!.session_id).toMatch(/^[0-9a-f-]{36}$/)
    const agents = new Set(rows.map(({ agent_id }) => agent_id))
    expect(agents.size).toBe(3)
    expect(agents).toContain(null)
    for (const row of rows) {
      expect(row).toMatchObject({ model_asked: model, outcome: 'completed', response_status_code: 200, flags: [] })
    }
  })
})

describe('Claude Code in auto mode', () => {
  test.skipIf(findClaudeCode() === undefined)('gets the provider’s verdicts and asks for none of its own', async () => {
    await start('sandbox-safeguards')
    const end = await runClaudeCode(inAutoMode())
    expect(end.exitCode).toBe(0)
    expect(calls().length).toBeGreaterThan(3)
    for (const { body, answer } of calls()) {
      expect(body.toString()).toContain('"safeguards":[')
      expect(answer.toString().includes('"safeguard_results"')).toBe(answer.toString().includes('"tool_use"'))
    }
    expectSameBytesOnBothSides()
  })

  test.skipIf(findClaudeCode() === undefined)('is told which calls the provider flagged', async () => {
    await start('sandbox-flagged')
    await runClaudeCode(inAutoMode())
    expect(calls().at(-1)!.body.toString()).toContain('judged this action dangerous')
  })

  const inAutoMode = () =>
    asDeveloper({ args: ['Please look around', '--model', 'claude-opus-5-5', '--permission-mode', 'auto'] })
})

describe('a developer who interrupts Claude Code', () => {
  test.skipIf(findClaudeCode() === undefined)('stops the upstream, and pays for what had come', async () => {
    await start('sandbox-silent-mid')
    const running = startClaudeCode(asDeveloper({ args: ['Please look around', '--model', 'claude-opus-5-5'] }))
    await gateway.upstream.arrived(1)
    await wire.exchanges[0]!.begun
    running.interrupt()
    await running.end
    const [request] = gateway.upstream.requests
    expect(await request!.ended).toBe('client')
    const [row] = await gateway.logs()
    expect(row).toMatchObject({ outcome: 'interrupted', interrupted_by: 'client', flags: ['usage_estimated'] })
    expect(await gateway.summary()).toMatchObject({ requests: 1, upstream_calls: 1 })
    expect(parseDollars(row!.cost_usd)).toBeGreaterThan(0n)
  })
})

describe('what Claude Code prints when', () => {
  const ask = (more: Partial<ClaudeCodeRun> = {}) =>
    runClaudeCode(asDeveloper({ args: ['Say hi', '--model', 'claude-opus-5-5'], ...more }))
  const toUpstream = () => gateway.upstream.requests.length

  test.skipIf(findClaudeCode() === undefined)('its key is unknown: one request, and how to get another', async () => {
    await start()
    const { stdout } = await ask({ token: `${gateway.key.slice(0, -6)}AAAAAA` })
    expect(stdout).toContain('Failed to authenticate. API Error: 401')
    expect(calls()).toHaveLength(1)
    expect(toUpstream()).toBe(0)
  })

  test.skipIf(findClaudeCode() === undefined)(
    'its key was revoked a moment ago: one request, and that it was',
    async () => {
      await start()
      const { id, key } = await gateway.createKey()
      await gateway.admin('DELETE', `/api-keys/${id}`)
      const { stdout } = await ask({ token: key })
      expect(stdout).toContain('Failed to authenticate. API Error: 401 This gateway key has been revoked.')
      expect(calls()).toHaveLength(1)
      expect(toUpstream()).toBe(0)
    },
  )

  test.skipIf(findClaudeCode() === undefined)('its model is not allowed: which one is', async () => {
    await start()
    await gateway.admin('PUT', '/integrations/upstream/models', {
      allow_all_models: false,
      models: [{ slug: 'claude-haiku-5-5', enabled: true }],
    })
    const { stdout } = await ask()
    expect(stdout).toMatch(/^API Error: 400 Model claude-opus-5-5 is not allowed .*claude-haiku-5-5/)
    // The client drops one capability after the other and tries again, quickly.
    expect(calls().length).toBeLessThanOrEqual(6)
    expect(toUpstream()).toBe(0)
  })

  test.skipIf(findClaudeCode() === undefined)('its model is unknown to the provider', async () => {
    await start()
    const { stdout } = await ask({ args: ['Say hi', '--model', 'no-such-model'] })
    expect(stdout).toContain("There's an issue with the selected model (no-such-model).")
    expectSameBytesOnBothSides()
  })

  test.skipIf(findClaudeCode() === undefined)('its base URL ends in /v1: one request, and the mistake', async () => {
    await start()
    const { stdout } = await ask({ baseUrl: `${wire.origin}/v1` })
    expect(stdout).toContain('API Error: 421 The base URL ends in /v1')
    expect(calls().map(({ path }) => path)).toEqual(['/v1/v1/messages?beta=true'])
    expect(toUpstream()).toBe(0)
  })

  test.skipIf(findClaudeCode() === undefined).each([
    { behaviour: 'sandbox-overloaded', text: 'API Error: 529 Overloaded' },
    { behaviour: 'sandbox-error-500', text: 'API Error: 500 Internal server error' },
  ])('the provider fails with $behaviour: the provider’s own words', async ({ behaviour, text }) => {
    await start(behaviour)
    const { stdout } = await ask()
    expect(stdout).toContain(text)
    expect(calls()).toHaveLength(toUpstream())
    expectSameBytesOnBothSides()
    expect((await gateway.summary()).cost_usd).toBe('0')
  })

  test.skipIf(findClaudeCode() === undefined)('the provider cannot be reached: that it cannot', async () => {
    await start()
    await gateway.upstream.stop()
    const { stdout } = await ask({ env: { CLAUDE_CODE_MAX_RETRIES: '0' } })
    expect(stdout).toContain('API Error: 503 The provider cannot be reached right now.')
    expect(calls()).toHaveLength(1)
  })

  test.skipIf(findClaudeCode() === undefined)(
    'the provider refuses the gateway’s credential: one request',
    async () => {
      await start('sandbox-error-401')
      const { stdout } = await ask()
      expect(stdout).toContain(
        'API Error: 502 Provider @upstream refused the gateway’s own credential. Your key is fine',
      )
      expect(calls()).toHaveLength(1)
      expect(toUpstream()).toBe(1)
    },
  )

  test.skipIf(findClaudeCode() === undefined)('the gateway is shutting down: that it is', async () => {
    await start('sandbox-slow')
    const running = startClaudeCode(asDeveloper({ args: ['Say hi', '--model', 'claude-opus-5-5'] }))
    await gateway.upstream.arrived(1)
    const drained = gateway.drain(60_000)
    const late = await ask({ env: { CLAUDE_CODE_MAX_RETRIES: '0' } })
    expect(late.stdout).toContain('API Error: 503')
    expect(toUpstream()).toBe(1)
    running.interrupt()
    await running.end
    await drained
  })
})

/** Every request body and every answer body is the same in front of the gateway and behind it. */
function expectSameBytesOnBothSides(): void {
  const { requests } = gateway.upstream
  // Sub-agents run side by side, so the order may differ; what was said may not.
  const sorted = (bodies: readonly Buffer[]) => bodies.map((body) => body.toString('latin1')).toSorted()
  expect(sorted(requests.map(({ body }) => body))).toEqual(sorted(calls().map(({ body }) => body)))
  expect(sorted(requests.map(({ answer }) => answer))).toEqual(sorted(calls().map(({ answer }) => answer)))
}

/** Log, account book and the upstream's own bill agree to the last token, and the price is the published one. */
async function expectWholeBooks(): Promise<void> {
  const billed = gateway.upstream.billed()
  const tokens = {
    input: billed.input,
    output: billed.output,
    cache_read: billed.cacheRead,
    cache_write_5m: billed.cacheWrite5m,
    cache_write_1h: billed.cacheWrite1h,
  }
  const rows = await gateway.logs()
  const summary = await gateway.summary()
  expect(summary).toMatchObject({ requests: rows.length, upstream_calls: rows.length, tokens })
  for (const [kind, count] of Object.entries(tokens) as [keyof typeof tokens, number][]) {
    expect(rows.reduce((total, row) => total + row.tokens[kind], 0)).toBe(count)
  }
  const sum = rows.reduce((total, { cost_usd }) => total + parseDollars(cost_usd), 0n)
  expect(formatDollars(sum)).toBe(summary.cost_usd)
  const [{ model_asked: model }] = rows as [(typeof rows)[0]]
  const price = NANOS_PER_TOKEN[model as keyof typeof NANOS_PER_TOKEN]
  expect(sum).toBe(
    BigInt(
      billed.input * price.input +
        billed.output * price.output +
        billed.cacheRead * price.cacheRead +
        billed.cacheWrite5m * price.cacheWrite5m,
    ),
  )
}

/** Anthropic's list prices, written down here a second time so that the price table is not checked against itself. */
const NANOS_PER_TOKEN = {
  'claude-opus-5-5': { input: 4_000, output: 20_000, cacheRead: 200, cacheWrite5m: 5_000 },
  'claude-opus-4-6': { input: 5_000, output: 25_000, cacheRead: 500, cacheWrite5m: 6_250 },
}

function userAgents(): string[] {
  const names = calls().map(
    ({ headers }) => headers[headers.findIndex((part) => part.toLowerCase() === 'user-agent') + 1]!,
  )
  return [...new Set(names)]
}
