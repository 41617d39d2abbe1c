import { afterEach, describe, expect, test, vi } from 'vitest'
import { header } from '../../src/core/headers.ts'
import { type ClaudeCodeRun, findClaudeCode, runClaudeCode } from '../../src/testing/claude-code.ts'
import { type TestGateway, startGateway } from '../../src/testing/gateway.ts'
import { type RecordingProxy, startRecordingProxy } from '../../src/testing/recording-proxy.ts'
import { type UpstreamRequest, startScriptedUpstream } from '../../src/testing/scripted-upstream.ts'
import { startBedrockStandIn } from '../../src/testing/stand-ins/bedrock.ts'
import { startFoundryStandIn } from '../../src/testing/stand-ins/foundry.ts'
import { startVertexStandIn } from '../../src/testing/stand-ins/vertex.ts'

vi.setConfig({ testTimeout: 90_000 })

/** A stand-in for a platform, and the account that reaches it. */
interface Platform {
  readonly requests: readonly UpstreamRequest[]
  readonly trustedHosts: readonly string[]
  readonly account: { readonly ai_provider_id: string; readonly key?: string; readonly configurations: object }
  stop(): Promise<void>
}

/** Each plays the sandbox's scenes behind the platform's own face, and refuses what the platform refuses. */
const PLATFORMS: Readonly<Record<string, (playAs: string) => Promise<Platform>>> = {
  async bedrock(playAs) {
    const standIn = await startBedrockStandIn({ playAs })
    const { key, configurations } = standIn
    return { ...standIn, requests: standIn.requests, account: { ai_provider_id: 'bedrock', key, configurations } }
  },
  async vertex(playAs) {
    const standIn = await startVertexStandIn({ playAs })
    const { configurations } = standIn
    return { ...standIn, requests: standIn.requests, account: { ai_provider_id: 'vertex-ai', configurations } }
  },
  async foundry(playAs) {
    const standIn = await startFoundryStandIn({ playAs })
    const { apiKey: key, configurations } = standIn
    return { ...standIn, requests: standIn.requests, account: { ai_provider_id: 'azure-ai', key, configurations } }
  },
  // It takes whatever Anthropic's own API takes, behind AWS identity.
  async 'claude-platform-aws'(playAs) {
    const upstream = await startScriptedUpstream({ playAs: () => playAs })
    const configurations = {
      custom_host: `${upstream.origin}/v1`,
      aws_auth_type: 'accessKey',
      aws_access_key_id: 'AKIDEXAMPLE',
      aws_region: 'us-west-2',
      anthropic_workspace_id: 'wrkspc_01Example',
    }
    const account = { ai_provider_id: 'claude-platform-aws', key: 'a-secret-access-key', configurations }
    return { ...upstream, trustedHosts: [new URL(upstream.origin).host], account }
  },
}

let platform: Platform
let gateway: TestGateway
let wire: RecordingProxy
let key: string

afterEach(async () => {
  await wire.stop()
  await gateway.stop()
  await platform.stop()
})

/** A gateway whose only account is on one platform, with a recorder in front of it. */
async function start(name: string, playAs: string): Promise<void> {
  platform = await PLATFORMS[name]!(playAs)
  gateway = await startGateway({ trustedHosts: platform.trustedHosts })
  await gateway.admin('POST', '/integrations', { name, slug: name, default_provider_slug: name, ...platform.account })
  key = (await gateway.createKey({ defaults: { provider: `@${name}` } })).key
  wire = await startRecordingProxy(gateway.url)
}

function runSession(more: Partial<ClaudeCodeRun> = {}, ...args: string[]) {
  return runClaudeCode({
    baseUrl: wire.origin,
    token: key,
    args: ['Please look around', '--model', 'claude-opus-5-5', ...args],
    env: { CLAUDE_CODE_MAX_RETRIES: '1' },
    ...more,
  })
}

const calls = () => wire.exchanges.filter(({ method }) => method === 'POST')

/** What the platform refused, in its own words. */
const refusals = () =>
  platform.requests
    .filter(({ status }) => status !== undefined && status >= 400)
    .map(({ path, answer }) => `${path}: ${answer.toString()}`)

describe.skipIf(findClaudeCode() === undefined).each(['bedrock', 'vertex'])('Claude Code with %s alone', (name) => {
  test.each([
    { session: 'sandbox-agents', what: 'sub-agents', callsMin: 10 },
    { session: 'sandbox-thinking', what: 'thinking', callsMin: 1 },
    { session: 'sandbox-tools', what: 'tools', callsMin: 4 },
    { session: 'sandbox-tool-search', what: 'tool search', callsMin: 4 },
  ])('works through a session with $what, and not one request is refused', async ({ session, callsMin }) => {
    await start(name, session)
    const { stdout, exitCode } = await runSession()
    expect(stdout).toContain('You asked: “Please look around”')
    expect(exitCode).toBe(0)
    expect(refusals()).toEqual([])
    expect(calls().map(({ status }) => status)).toEqual(calls().map(() => 200))
    expect(calls().length).toBeGreaterThanOrEqual(callsMin)
    expect(platform.requests).toHaveLength(calls().length)
    expect(await gateway.logs()).toHaveLength(calls().length)
  })

  test('finds the tools that it keeps back', async () => {
    await start(name, 'sandbox-tool-search')
    await runSession()
    const last = platform.requests.at(-1)!.body.toString()
    expect(last).toContain('"tool_reference"')
    expect(last).toContain('"defer_loading":true')
  })

  test('is told that its actions cannot be judged here, does without, and goes on', async () => {
    await start(name, 'sandbox-safeguards')
    const { exitCode } = await runSession({}, '--permission-mode', 'auto')
    expect(exitCode).toBe(0)
    expect(refusals()).toEqual([])
    const [refused, ...served] = calls()
    expect(refused).toMatchObject({ status: 400 })
    expect(refused!.answer.toString()).toContain('safeguards: Extra inputs are not permitted')
    expect(served.length).toBeGreaterThan(0)
    for (const { body, status } of served) {
      expect(status).toBe(200)
      expect(body.toString()).not.toContain('"safeguards"')
    }
  })
})

test.skipIf(findClaudeCode() === undefined).each(['foundry', 'claude-platform-aws'])(
  'Claude Code with %s alone works through a session',
  async (name) => {
    await start(name, 'sandbox-tools')
    const { stdout, exitCode } = await runSession()
    expect(stdout).toContain('You asked: “Please look around”')
    expect(exitCode).toBe(0)
    expect(refusals()).toEqual([])
    expect(platform.requests).toHaveLength(calls().length)
  },
)

test.skipIf(findClaudeCode() === undefined)(
  'Claude Platform on AWS is told the workspace, and the call is signed',
  async () => {
    await start('claude-platform-aws', 'sandbox-echo')
    await runSession()
    const { headers } = platform.requests[0]!
    expect(header(headers, 'anthropic-workspace-id')).toBe('wrkspc_01Example')
    expect(header(headers, 'authorization')).toMatch(/^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\//)
    expect(headers.join(' ')).not.toContain(key)
  },
)
