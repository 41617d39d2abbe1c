import { AnthropicAws } from '@anthropic-ai/aws-sdk'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { header, type HeaderLines } from '../core/headers.ts'
import { createManualClock } from '../testing/clock.ts'
import { accountOf, callOf, makeCall } from '../testing/one-call.ts'
import { type ScriptedUpstream, startScriptedUpstream, type UpstreamRequest } from '../testing/scripted-upstream.ts'
import { isSignedWith } from '../testing/stand-ins/verify-sigv4.ts'
import type { ProviderSettings } from './adapter.ts'
import { createAwsSigner } from './aws/signer.ts'
import { claudePlatformAwsAdapter } from './claude-platform-aws.ts'

const ASK = { model: 'claude-opus-4-8', max_tokens: 64, messages: [{ role: 'user' as const, content: 'Hello' }] }
const KEY_ID = 'AKIDEXAMPLE'
const SECRET = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'
const WORKSPACE = 'wrkspc_01AbC'

let platform: ScriptedUpstream

beforeEach(async () => {
  vi.stubEnv('AWS_CONFIG_FILE', '/dev/null')
  vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', '/dev/null')
  platform = await startScriptedUpstream()
})

afterEach(async () => {
  vi.unstubAllEnvs()
  await platform.stop()
})

function call(
  document: Readonly<Record<string, unknown>>,
  settings: ProviderSettings,
  key: string,
  change: Parameters<typeof callOf>[3] = {},
) {
  const host = { custom_host: `${platform.origin}/v1`, aws_region: 'us-west-2', anthropic_workspace_id: WORKSPACE }
  const upstream = accountOf('claude-platform-aws', { ...host, ...settings }, { key })
  const signer = createAwsSigner({ clock: createManualClock() })
  const made = callOf(claudePlatformAwsAdapter, upstream, document, change)
  return makeCall({ adapter: claudePlatformAwsAdapter, signer }, upstream, made)
}

function client(proof: object): AnthropicAws {
  return new AnthropicAws({
    baseURL: platform.origin,
    awsRegion: 'us-west-2',
    workspaceId: WORKSPACE,
    maxRetries: 0,
    // Clients ask for a later version by themselves; ours goes on relaying the one that was asked for.
    defaultHeaders: { 'anthropic-version': '2023-06-01' },
    ...proof,
  })
}

function shown({ method, path, headers, body }: UpstreamRequest) {
  return {
    line: [method, path],
    key: header(headers, 'x-api-key'),
    version: header(headers, 'anthropic-version'),
    workspace: header(headers, 'anthropic-workspace-id'),
    scope: /Credential=[^/]+\/\d+\/([^,]+)/.exec(header(headers, 'authorization') ?? '')?.[1],
    document: JSON.parse(body.toString('utf8')) as unknown,
  }
}

describe('a call to Claude Platform on AWS', () => {
  it('is the very request that Anthropic’s client signs', async () => {
    const settings: ProviderSettings = { aws_auth_type: 'accessKey', aws_access_key_id: KEY_ID }
    await call(ASK, settings, SECRET)
    await call({ ...ASK, stream: true }, settings, SECRET)
    const theirClient = client({ awsAccessKey: KEY_ID, awsSecretAccessKey: SECRET })
    await theirClient.messages.create(ASK)
    for await (const _event of await theirClient.messages.create({ ...ASK, stream: true })) continue
    const [ours, theirs] = [platform.requests.slice(0, 2), platform.requests.slice(2)]
    expect(ours.map(shown)).toEqual(theirs.map(shown))
    expect(ours.map(({ status }) => status)).toEqual([200, 200])
    expect(platform.requests.map((request) => isSignedWith(request, SECRET))).toEqual([true, true, true, true])
    expect(shown(ours[0]!).scope).toBe('us-west-2/aws-external-anthropic/aws4_request')
  })

  it('with a key is the request that Anthropic’s client sends, but for the header of the key', async () => {
    await call(ASK, { aws_auth_type: 'apiKey' }, 'a-key-of-tests')
    await client({ apiKey: 'a-key-of-tests' }).messages.create(ASK)
    const [ours, theirs] = platform.requests
    const { key, ...rest } = shown(ours!)
    expect({ ...rest, key: undefined }).toEqual(shown(theirs!))
    // The platform takes either.
    expect(key).toBe('a-key-of-tests')
    expect(header(theirs!.headers, 'authorization')).toBe('Bearer a-key-of-tests')
  })

  it('takes no workspace, and no line for AWS, of the caller’s', async () => {
    const headers: HeaderLines = ['Anthropic-Workspace-Id', 'another', 'X-Amz-Security-Token', 'forged', 'x-stays', 'y']
    await call(ASK, { aws_auth_type: 'apiKey' }, 'a-key-of-tests', { headers })
    const [request] = platform.requests
    expect(request!.headers).not.toContain('another')
    expect(request!.headers).not.toContain('forged')
    expect(shown(request!).workspace).toBe(WORKSPACE)
    expect(header(request!.headers, 'x-stays')).toBe('y')
  })
})
