import { readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { runCli } from '../../src/cli/run.ts'
import { startGateway, type TestGateway } from '../../src/testing/gateway.ts'
import { type FakeMachine, createFakeMachine } from './cli-harness.ts'

/* What comes over from Portkey, and what is said of the rest. */

let gateway: TestGateway
let machine: FakeMachine

beforeEach(async () => {
  gateway = await startGateway()
  machine = createFakeMachine({ env: ENV })
})
afterEach(async () => {
  await gateway.stop()
  machine.remove()
})

const ENV = {
  CLAUDE_PROD_KEY: 'sk-ant-of-the-tests-0001',
  BEDROCK_EU_KEY: 'a-secret-access-key-of-the-tests',
  CLAUDE_KEY: 'sk-ant-of-the-tests-0001',
  UPSTREAM_KEY: 'sk-ant-a-credential-of-tests',
}

async function run(...args: readonly string[]): Promise<{ code: number; text: string }> {
  const code = await runCli(args, machine)
  return { code, text: machine.printed() }
}

const here = (name: string) => join(machine.workFolder, name)
const apply = (...more: readonly string[]) =>
  run('apply', '-f', 'portcullis.yaml', '--url', gateway.url, '--key', gateway.adminKey, ...more)

test('an organisation that speaks the same contract comes over whole', async () => {
  const file = `portcullis: 1
name: platform
integrations:
  claude: { ai_provider_id: anthropic, key: "\${env:CLAUDE_KEY}", models: [claude-opus-5-5], workspaces: [payments] }
workspaces:
  payments:
    name: Payments
    usage_limits: { credit_limit: 400, periodic_reset: monthly, alert_threshold: 300 }
    defaults: { provider: "@claude", config: steady }
    providers: { claude: { integration: claude } }
    configs: { steady: { config: { provider: "@claude", retry: { attempts: 2 } } } }
    keys: { ci: { defaults: { config: steady }, rate_limits: [{ type: requests, unit: rpm, value: 60 }] } }
    policies: { usage_limits: { Fifty: { group_by: [user], credit_limit: 50, periodic_reset: weekly } } }
`
  writeFileSync(here('portcullis.yaml'), file)
  expect(await apply('--yes')).toMatchObject({ code: 0 })
  const from = ['--from', gateway.url, '--key', gateway.adminKey, '-o', 'imported.yaml', '--name', 'platform']
  const imported = await run('import', 'portkey', ...from)
  expect(imported.code).toBe(0)
  const report = readFileSync(here('imported.yaml.report.md'), 'utf8')
  expect(report).toContain('| integration sandbox | scripted serves no Claude')
  expect(report.match(/^\| .*payments.*$/gm)).toEqual([
    '| provider payments/sandbox | its integration is not brought over |',
  ])
  const document = readFileSync(here('imported.yaml'), 'utf8')
  expect(document).not.toContain('sk-ant')
  expect(parse(document).workspaces.payments).toMatchObject({
    name: 'Payments',
    usage_limits: [{ credit_limit: 400, periodic_reset: 'monthly', alert_thresholds: [300] }],
    configs: { steady: { config: { provider: '@claude', retry: { attempts: 2 } } } },
  })
  // Owners come over as administrators, and nobody invites an owner: the rest is as it was.
  writeFileSync(here('portcullis.yaml'), document.replace(/\nusers:[^]*$/, '\n'))
  expect(await apply('--plan')).toEqual({ code: 0, text: expect.stringMatching(/^Nothing to do/) })
})

describe('Portkey’s answers', () => {
  let portkey: Server

  beforeEach(async () => {
    portkey = createServer((request, reply) => {
      const [path = ''] = (request.url ?? '').split('?')
      const isKnown = request.headers['x-portkey-api-key'] === 'pk-of-the-tests'
      const answer = !isKnown ? undefined : ANSWERS[path]
      const status = !isKnown ? 401 : request.method !== 'GET' ? 405 : answer === undefined ? 403 : 200
      const refusal = {
        success: false,
        data: { message: isKnown ? 'Not allowed' : 'Invalid API key', errorCode: 'AB03' },
      }
      reply.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer ?? refusal))
    })
    await new Promise<void>((resolve) => portkey.listen(0, '127.0.0.1', resolve))
  })
  afterEach(() => new Promise((resolve) => portkey.close(resolve)))

  const from = () => `http://127.0.0.1:${(portkey.address() as AddressInfo).port}`

  test('become a file that can be applied, and a report of the rest', async () => {
    const imported = await run('import', 'portkey', '--from', from(), '--key', 'pk-of-the-tests')
    expect(imported.code).toBe(0)
    const report = readFileSync(here('portcullis.yaml.report.md'), 'utf8')
    for (const line of [
      '| integration openai-main | openai serves no Claude',
      '| provider ws-pay-a1/gpt | its integration is not brought over |',
      '| config ws-pay-a1/Failover | config.targets[1] was left out: it names the provider @gpt',
      '| config ws-pay-a1/Failover | config.input_guardrails was left out',
      '| config ws-pay-a1/By tier | config was left out: its conditions name a target that is |',
      '| key ws-pay-a1/CI | defaults.config names By tier, which is not brought over |',
      '| user olga@example.com | owners cannot be invited; comes over as admin |',
      '| usage-policy ws-pay-a1/Prompts | it asks for prompt |',
      '| 1 guardrails | Portcullis has no guardrails: No secrets |',
      '| /v1/policies/rate-limits | could not be read (403): Not allowed |',
      '- `env:CLAUDE_PROD_KEY`',
    ]) {
      expect(report).toContain(line)
    }
    const file = parse(readFileSync(here('portcullis.yaml'), 'utf8'))
    expect(file.integrations['claude-prod']).toMatchObject({
      ai_provider_id: 'anthropic',
      key: '${env:CLAUDE_PROD_KEY}',
      allow_all_models: false,
      models: ['claude-opus-5-5', { slug: 'claude-tuned', is_custom: true, base_model_slug: 'claude-opus-5-5' }],
      workspaces: { 'ws-pay-a1': { usage_limits: [{ credit_limit: 300, periodic_reset: 'monthly' }] } },
    })
    expect(file.workspaces['ws-pay-a1'].configs).toEqual({
      Failover: { config: { strategy: { mode: 'fallback' }, targets: [{ provider: '@claude' }] }, is_default: true },
    })

    const applied = await apply('--yes')
    expect(applied.text).toContain('New keys and signing secrets, shown this once:\n  ws-pay-a1/CI')
    expect(applied.code).toBe(0)
    expect(await apply('--plan')).toMatchObject({ code: 0 })
  })

  test('a wrong key is told, and nothing is written', async () => {
    expect(await run('import', 'portkey', '--from', from(), '--key', 'wrong')).toEqual({
      code: 1,
      text: 'Invalid API key\n',
    })
    expect(() => readFileSync(here('portcullis.yaml'))).toThrow('ENOENT')
  })

  test('the command says what it lacks', async () => {
    expect((await run('import')).text).toContain('portcullis import portkey --from URL')
    expect((await run('import', 'portkey')).text).toContain('--from https://api.portkey.ai')
    expect((await run('import', 'portkey', '--from', from())).text).toContain('PORTKEY_API_KEY')
  })
})

const list = (...data: readonly object[]) => ({ object: 'list', total: data.length, data })

/** An organisation as Portkey shows it: texts where one expects objects, numbers where one expects yes or no, slugs where one expects ids. */
const ANSWERS: Readonly<Record<string, unknown>> = {
  '/v1/admin/users': list(
    {
      id: 'u-1',
      email: 'olga@example.com',
      role: 'owner',
      first_name: 'Olga',
      last_name: 'Novak',
      workspace_ids: ['ws-pay-a1'],
    },
    {
      id: 'u-2',
      email: 'ben@example.com',
      role: 'member',
      first_name: 'Ben',
      last_name: '',
      workspace_ids: ['ws-pay-a1'],
    },
  ),
  '/v1/admin/users/invites': list({
    id: 'i-1',
    email: 'new@example.com',
    role: 'member',
    status: 'pending',
    workspaces: [],
  }),
  '/v1/admin/workspaces': list({ id: 'ws-pay-a1', slug: 'ws-pay-a1', name: 'Payments', object: 'workspace' }),
  '/v1/admin/workspaces/ws-pay-a1': {
    id: 'ws-pay-a1',
    slug: 'ws-pay-a1',
    name: 'Payments',
    description: 'Money',
    defaults: { metadata: { team: 'pay' }, input_guardrails: ['pg-1'] },
    usage_limits: [
      { type: 'cost', credit_limit: 500, alert_threshold: 400, periodic_reset: 'monthly', next_usage_reset_at: 'x' },
    ],
    rate_limits: null,
    users: [{ id: 'u-2', email: 'ben@example.com', org_role: 'member', role: 'manager', status: 'active' }],
  },
  '/v1/integrations': list(
    {
      id: 'int-1',
      slug: 'claude-prod',
      name: 'Claude',
      ai_provider_id: 'anthropic',
      status: 'active',
      workspace_id: null,
    },
    {
      id: 'int-2',
      slug: 'openai-main',
      name: 'OpenAI',
      ai_provider_id: 'openai',
      status: 'active',
      workspace_id: null,
    },
    {
      id: 'int-3',
      slug: 'bedrock-eu',
      name: 'Bedrock',
      ai_provider_id: 'bedrock',
      status: 'active',
      workspace_id: null,
    },
  ),
  '/v1/integrations/claude-prod': { slug: 'claude-prod', configurations: {}, allow_all_models: 0 },
  '/v1/integrations/claude-prod/models': {
    total: 2,
    allow_all_models: 0,
    models: [
      { slug: 'claude-opus-5-5', enabled: 1, is_custom: 0, is_finetune: '0' },
      { slug: 'claude-tuned', enabled: true, is_custom: '1', is_finetune: 0, base_model_slug: 'claude-opus-5-5' },
    ],
  },
  '/v1/integrations/claude-prod/workspaces': {
    total: 1,
    workspaces: [
      {
        id: 'ws-pay-a1',
        enabled: true,
        usage_limits: [{ type: 'cost', credit_limit: 300, periodic_reset: 'monthly' }],
      },
    ],
    global_workspace_access: null,
  },
  '/v1/integrations/openai-main': { slug: 'openai-main', masked_key: 'sk-…1', configurations: { openai_project: 'p' } },
  '/v1/integrations/openai-main/models': { total: 0, models: [], allow_all_models: true },
  '/v1/integrations/openai-main/workspaces': { total: 0, workspaces: [], global_workspace_access: { enabled: true } },
  '/v1/integrations/bedrock-eu': {
    slug: 'bedrock-eu',
    configurations: {
      aws_auth_type: 'accessKey',
      aws_access_key_id: 'AKIATEST',
      aws_region: 'eu-west-1',
      aws_new_thing: 'x',
    },
  },
  '/v1/integrations/bedrock-eu/models': { total: 0, models: [], allow_all_models: true },
  '/v1/integrations/bedrock-eu/workspaces': { total: 1, workspaces: [], global_workspace_access: { enabled: true } },
  '/v1/providers': list(
    {
      id: 'p-1',
      slug: 'claude',
      name: 'Claude',
      integration_id: 'claude-prod',
      status: 'active',
      ai_provider_name: 'anthropic',
    },
    {
      id: 'p-2',
      slug: 'gpt',
      name: 'GPT',
      integration_id: 'openai-main',
      status: 'active',
      ai_provider_name: 'openai',
    },
  ),
  '/v1/configs': list(
    { id: 'c-1', slug: 'pc-failov-1', name: 'Failover', is_default: 1, status: 'active' },
    { id: 'c-2', slug: 'pc-by-tie-2', name: 'By tier', is_default: 0, status: 'active' },
    { id: 'c-3', slug: 'pc-old-3', name: 'Old', is_default: 0, status: 'archived' },
  ),
  '/v1/configs/pc-failov-1': {
    success: true,
    data: {
      config: {
        strategy: { mode: 'fallback' },
        targets: [{ provider: '@claude' }, { provider: '@gpt' }],
        input_guardrails: ['pg-1'],
      },
    },
  },
  '/v1/configs/pc-by-tie-2': {
    config: `{
      "strategy": {
        "mode": "conditional",
        "conditions": [{ "query": { "metadata.tier": { "$eq": "x" } }, "then": "a" }],
        "default": "b"
      },
      "targets": [{ "name": "a", "provider": "@gpt" }, { "name": "b", "provider": "@claude" }]
    }`,
  },
  '/v1/api-keys': list(
    {
      id: 'k-1',
      name: 'CI',
      type: 'workspace-service',
      workspace_id: 'ws-pay-a1',
      status: 'active',
      scopes: ['completions.write', 'logs.view'],
      defaults: { config_id: 'pc-by-tie-2', metadata: { job: 'ci' } },
      allow_config_override: 0,
      usage_limits: { type: 'cost', credit_limit: 20, periodic_reset: 'weekly', next_usage_reset_at: 'x' },
      rate_limits: [{ type: 'requests', unit: 'rpm', value: 60 }],
    },
    { id: 'k-2', name: 'Old', type: 'workspace-service', workspace_id: 'ws-pay-a1', status: 'revoked', scopes: [] },
  ),
  '/v1/policies/usage-limits': list(
    {
      id: 'pol-1',
      name: 'Everybody',
      workspace_id: 'ws-pay-a1',
      status: 'active',
      conditions: [{ key: 'model', value: '@claude/claude-opus-5-5', excludes: false }],
      group_by: [{ key: 'metadata._user' }],
      type: 'cost',
      credit_limit: 50,
      alert_threshold: 40,
      periodic_reset: 'weekly',
      target: 'llm',
      value_key_usage_map: {},
    },
    {
      id: 'pol-2',
      name: 'Prompts',
      workspace_id: 'ws-pay-a1',
      status: 'active',
      conditions: [{ key: 'prompt', value: 'pp-1' }],
      group_by: [],
      type: 'cost',
      credit_limit: 5,
    },
  ),
  '/v1/guardrails': list({ id: 'g-1', slug: 'pg-1', name: 'No secrets' }),
  '/v1/prompts': list(),
}
