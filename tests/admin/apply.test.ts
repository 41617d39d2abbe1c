import { describe, expect, it } from 'vitest'
import type { ConfigurationOutcome, ConfigurationPlan } from '../../src/contract/configuration.ts'
import { startControlPlane, type ControlPlane } from './harness.ts'

const SECRETS = { 'env:ANTHROPIC_KEY': 'sk-ant-of-the-tests-0001' }

const FILE = `portcullis: 1
name: platform
integrations:
  claude:
    name: Claude
    ai_provider_id: anthropic
    key: \${env:ANTHROPIC_KEY}
    models: [claude-opus-5-5, claude-haiku-5-5]
    allow_all_models: false
    workspaces: [default, ws-other]
workspaces:
  default:
    name: Default
    providers:
      claude: { integration: claude, note: For everybody }
  ws-other:
    name: Other
    description: The people who move money.
    defaults:
      provider: "@claude"
      config: careful
      metadata: { team: payments }
    providers:
      claude: { integration: claude }
    configs:
      careful:
        config:
          strategy: { mode: fallback }
          targets:
            - { provider: "@claude" }
            - { provider: "@claude", override_params: { model: claude-haiku-5-5 } }
    keys:
      ci:
        description: Of the build.
        defaults: { config: careful, metadata: { job: ci } }
keys:
  auditor:
    scopes: [logs.list, logs.view]
`

async function plan(plane: ControlPlane, document: string, more: object = {}): Promise<ConfigurationPlan> {
  const answer = await plane.call('POST', '/configuration/plan', { document, secrets: SECRETS, ...more })
  expect(answer.status, answer.text).toBe(200)
  return answer.body as unknown as ConfigurationPlan
}

async function apply(plane: ControlPlane, document: string, more: object = {}): Promise<ConfigurationOutcome> {
  const drawn = await plan(plane, document, more)
  expect(drawn.problems).toEqual([])
  const body = { document, secrets: SECRETS, plan_id: drawn.plan_id, ...more }
  const answer = await plane.call('POST', '/configuration/apply', body)
  expect(answer.status, answer.text).toBe(200)
  return answer.body as unknown as ConfigurationOutcome
}

const SINCE = { start_time: '1970-01-01T00:00:00Z', end_time: '2100-01-01T00:00:00Z' }

const told = (steps: ConfigurationPlan['steps']) => steps.map(({ action, kind, name }) => `${action} ${kind} ${name}`)

describe('a configuration file', () => {
  it('makes what it describes, in the order in which things depend on each other', async () => {
    const plane = await startControlPlane()
    const outcome = await apply(plane, FILE)
    const home = plane.workspace.slug
    expect(outcome).toMatchObject({ status: 'done', failed: null, not_done: [] })
    expect(told(outcome.done)).toEqual([
      `update workspace ${home}`,
      'update workspace ws-other',
      'create integration claude',
      `create provider ${home}/claude`,
      'create provider ws-other/claude',
      'create config ws-other/careful',
      'update defaults ws-other/defaults',
      'create key auditor',
      'create key ws-other/ci',
    ])
    expect(outcome.keys.map(({ name, key }) => [name, key.split('_')[0]])).toEqual([
      ['auditor', 'pcla'],
      ['ws-other/ci', 'pcl'],
    ])
    const { body: trail } = await plane.call('GET', `/audit-logs?${new URLSearchParams(SINCE).toString()}`)
    const reasons = (trail['records'] as unknown as { resource_type: string; reason: string | null }[]).filter(
      (entry) => entry.resource_type === 'integration',
    )
    expect(reasons.map(({ reason }) => reason)).toContain('configuration file platform')
    const { body: models } = await plane.call('GET', '/integrations/claude/models')
    expect(models).toMatchObject({ total: 2, allow_all_models: false })
    const { body: workspace } = await plane.call('GET', '/admin/workspaces/ws-other')
    expect(workspace).toMatchObject({
      defaults: { provider: '@claude', config_id: expect.stringMatching(/^pc-careful-/) },
    })
  })

  it('has nothing to do the second time', async () => {
    const plane = await startControlPlane()
    await apply(plane, FILE)
    expect(await plan(plane, FILE)).toMatchObject({ steps: [], problems: [] })
    expect(await apply(plane, FILE)).toMatchObject({ status: 'done', done: [], keys: [] })
  })

  it('has several words for an account that is open to all', async () => {
    const plane = await startControlPlane()
    const open = (workspaces: string) => FILE.replace('[default, ws-other]', workspaces)
    await apply(plane, open('all'))
    expect((await plan(plane, open('{ "*": {} }'))).steps).toEqual([])
    expect((await plan(plane, open('{ "*": null, ws-other: null }'))).steps).toEqual([])
    expect((await plan(plane, open('[default]'))).steps).toMatchObject([{ kind: 'integration' }])
  })

  it('tells what would change, member by member, and changes nothing by telling', async () => {
    const plane = await startControlPlane()
    await apply(plane, FILE)
    const edited = FILE.replace('For everybody', 'For all').replace('Of the build.', 'Of the tests.')
    const expected = [
      { kind: 'provider', changes: [{ member: 'note', from: 'For everybody', to: 'For all' }] },
      { kind: 'key', changes: [{ member: 'description', from: 'Of the build.', to: 'Of the tests.' }] },
    ]
    expect((await plan(plane, edited)).steps).toMatchObject(expected)
    expect((await plan(plane, edited)).steps).toMatchObject(expected)
  })

  it('notices a secret that is another one, and shows neither', async () => {
    const plane = await startControlPlane()
    await apply(plane, FILE)
    const other = { 'env:ANTHROPIC_KEY': 'sk-ant-of-the-tests-0002' }
    const drawn = await plan(plane, FILE, { secrets: other })
    expect(drawn.steps).toEqual([
      {
        action: 'update',
        kind: 'integration',
        name: 'claude',
        changes: [{ member: 'key', from: null, to: null, secret: 'changed' }],
      },
    ])
    expect(JSON.stringify(drawn)).not.toContain('sk-ant')
    expect(await apply(plane, FILE, { secrets: other })).toMatchObject({ status: 'done' })
    expect((await plan(plane, FILE, { secrets: other })).steps).toEqual([])
  })

  it('refuses to carry out a plan when the world has moved since', async () => {
    const plane = await startControlPlane()
    const { plan_id: id } = await plan(plane, FILE)
    await plane.call('PUT', '/admin/workspaces/ws-other', { description: 'Somebody was faster.' })
    const answer = await plane.call('POST', '/configuration/apply', { document: FILE, secrets: SECRETS, plan_id: id })
    expect(answer).toMatchObject({ status: 409, body: { data: { errorCode: 'AB07' } } })
    expect((await plane.call('GET', '/integrations/claude')).status).toBe(404)
  })

  it('removes what it made and leaves out now, and nothing that somebody else has made', async () => {
    const plane = await startControlPlane()
    await apply(plane, FILE)
    await plane.newKey(['completions.write'], { name: 'By hand' })
    const less = FILE.split('    keys:\n      ci:')[0]!
    expect(told((await plan(plane, less)).steps)).toEqual(['delete key ws-other/ci', 'delete key auditor'])
    expect(told((await plan(plane, less, { prune: false })).steps)).toEqual([])
    expect(await apply(plane, less)).toMatchObject({ status: 'done', done: [{}, {}] })
    expect((await plan(plane, less)).steps).toEqual([])
    const other = less.replace('name: platform', 'name: another').split('workspaces:\n  default')[0]!
    expect((await plan(plane, other)).steps.filter(({ action }) => action === 'delete')).toEqual([])
  })

  it('what it calls otherwise, and still means, is not removed', async () => {
    const plane = await startControlPlane()
    await apply(plane, FILE)
    const renamed = FILE.replace('      ci:\n', '      build:\n        name: ci\n')
    expect(renamed).not.toBe(FILE)
    expect(told((await plan(plane, renamed)).steps)).toEqual([])
  })

  it('says at which step it stopped, keeps what was done, and goes on from there', async () => {
    const plane = await startControlPlane()
    await apply(plane, FILE)
    // A key that somebody made meanwhile needs the provider that the file leaves out.
    const more = { name: 'By hand', workspace_id: 'ws-other', defaults: { provider: '@claude' } }
    const { id } = await plane.newKey(['completions.write'], more)
    const less = `${FILE.slice(0, FILE.indexOf('    name: Other'))}    defaults: { provider: null, config: null }\n`
    const outcome = await apply(plane, less)
    expect(outcome).toMatchObject({
      status: 'failed',
      failed: { step: { action: 'delete', kind: 'provider' }, message: expect.stringContaining('By hand') },
      not_done: [],
    })
    expect(told(outcome.done)).toEqual([
      'update defaults ws-other/defaults',
      'delete key ws-other/ci',
      'delete key auditor',
      'delete config ws-other/careful',
    ])
    await plane.call('DELETE', `/api-keys/${id}`)
    expect(await apply(plane, less)).toMatchObject({ status: 'done', done: [{ name: 'ws-other/claude' }] })
  })

  it('is read back from an export that changes nothing', async () => {
    const plane = await startControlPlane()
    await apply(plane, FILE)
    const { body } = await plane.call('GET', '/configuration?name=platform')
    const { document, notes } = body as unknown as { document: string; notes: string[] }
    expect(notes).toContainEqual(expect.stringContaining('env:CLAUDE_KEY'))
    const secrets = { 'env:CLAUDE_KEY': SECRETS['env:ANTHROPIC_KEY'] }
    expect(await plan(plane, document, { secrets })).toMatchObject({ problems: [], steps: [] })
  })
})

describe('problems of a file', () => {
  it('are told all at once, each with its place', async () => {
    const plane = await startControlPlane()
    const {
      problems,
      plan_id: id,
      steps,
    } = await plan(
      plane,
      `portcullis: 1
name: platform
integrations:
  claude:
    ai_provider_id: anthropic
    key: sk-ant-written-into-the-file
    nmae: Claude
workspaces:
  ws-other:
    providers:
      claude: { integration: clawd }
    keys:
      ci: { scopes: [completion.write], user: nobody@example.com, type: user }
`,
    )
    expect([id, steps]).toEqual([null, []])
    expect(problems.map(({ path, line, message }) => `${line} ${path}: ${message}`)).toEqual([
      expect.stringMatching(/^6 integrations.claude.key: has to be a reference such as/),
      expect.stringMatching(/^7 integrations.claude.nmae: "nmae" is not known here; did you mean name\?/),
      expect.stringMatching(/^13 workspaces.ws-other.keys.ci.scopes\[0\]: .*did you mean completions.write\?/),
    ])
  })

  it('name references that lead nowhere, and what is wrong inside a routing document', async () => {
    const plane = await startControlPlane()
    const { problems } = await plan(
      plane,
      `portcullis: 1
name: platform
workspaces:
  ws-other:
    defaults: { provider: "@nothing", config: none }
    providers:
      claude: { integration: clawd }
    configs:
      c:
        config:
          strategy: { mode: fallback }
          targets:
            - { provider: "@elsewhere" }
            - { provider: "@claude", retry: { attempts: 99 } }
    keys:
      ci: { user: nobody@example.com, type: user }
`,
    )
    expect(problems.map(({ path, line, message }) => `${line} ${path}: ${message}`)).toEqual([
      '5 workspaces.ws-other.defaults.provider: there is no provider nothing in the workspace ws-other',
      '5 workspaces.ws-other.defaults.config: there is no config none in the workspace ws-other',
      '7 workspaces.ws-other.providers.claude.integration: there is no integration clawd',
      expect.stringMatching(/^14 workspaces.ws-other.configs.c.config.targets\[1\].retry.attempts: /),
      '16 workspaces.ws-other.keys.ci.user: there is no user nobody@example.com',
    ])
  })

  it('tell of a name that another workspace has, and under which slug', async () => {
    const plane = await startControlPlane()
    await plane.call('POST', '/admin/workspaces', { name: 'Payments', slug: 'ws-payments' })
    const file = (slug: string) => `portcullis: 1\nname: platform\nworkspaces:\n  ${slug}: { name: payments }\n`
    const { problems } = await plan(plane, file('payments'))
    expect(problems.map(({ path, line, message }) => `${line} ${path}: ${message}`)).toEqual([
      '4 workspaces.payments: the workspace ws-payments is called Payments already; name it here by that slug, or choose another name',
    ])
    expect((await plan(plane, file('ws-payments'))).problems).toEqual([])
  })

  it('leave two workspaces that change their names at once to the steps', async () => {
    const plane = await startControlPlane()
    await plane.call('POST', '/admin/workspaces', { name: 'One', slug: 'one' })
    const file = 'portcullis: 1\nname: platform\nworkspaces:\n  one: { name: Two }\n  new: { name: One }\n'
    expect((await plan(plane, file)).problems).toEqual([])
  })

  it.each([
    ['not YAML', 'portcullis: [1', 1],
    ['a name twice', 'portcullis: 1\nname: a\nname: b\n', 3],
    ['no version', 'name: a\n', 1],
    ['__proto__', 'portcullis: 1\nname: a\nworkspaces:\n  __proto__: {}\n', 4],
    ['what holds itself', 'portcullis: 1\nname: a\nworkspaces: &all\n  one: *all\n', 4],
    ['what holds itself far inside', 'portcullis: 1\nname: a\nworkspaces: &all\n  one: [&one { two: [*all] }]\n', 4],
    [
      'aliases without end',
      `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefghi'
        .split('')
        .map((c, i) => `${c}: &${c} [${Array(9).fill(`*${'abcdefgh'[i]}`).join()}]`)
        .join('\n')}`,
      1,
    ],
    ['nesting without end', `portcullis: 1\nname: a\norganisation: ${'['.repeat(200)}${']'.repeat(200)}`, 3],
  ])('%s is a problem with a line', async (_what, document, line) => {
    const plane = await startControlPlane()
    const { problems } = await plan(plane, document)
    expect(problems[0]).toMatchObject({ line })
  })

  it('a plan without the secrets says which it needs, and cannot be applied', async () => {
    const plane = await startControlPlane()
    const drawn = await plan(plane, FILE, { secrets: undefined })
    expect(drawn).toMatchObject({
      plan_id: null,
      problems: [],
      references: [{ reference: 'env:ANTHROPIC_KEY', line: 7 }],
    })
    const body = { document: FILE, plan_id: 'guessed' }
    expect(await plane.call('POST', '/configuration/apply', body)).toMatchObject({
      status: 400,
      body: { data: { message: 'secrets: are missing: env:ANTHROPIC_KEY' } },
    })
  })
})

describe('who may apply', () => {
  it('nobody gets around the rights of a key by a file', async () => {
    const plane = await startControlPlane()
    const scopes = ['organisation_settings.read', 'organisation_settings.update', 'workspaces.read', 'workspaces.list']
    const reading = ['organisation_users.list', 'organisation_integrations.list', 'organisation_integrations.read']
    const more = ['providers.list', 'configs.list', 'policies.list', 'alerts.list', 'workspace_service_api_keys.list']
    const { body } = await plane.call('POST', '/api-keys/organisation/service', {
      name: 'Settings only',
      scopes: [...scopes, ...reading, ...more],
    })
    const key = String(body['key'])
    const drawn = await plane.call('POST', '/configuration/plan', { document: FILE, secrets: SECRETS }, key)
    expect(drawn.status, drawn.text).toBe(200)
    const request = { document: FILE, secrets: SECRETS, plan_id: drawn.body['plan_id'] }
    const { body: outcome } = await plane.call('POST', '/configuration/apply', request, key)
    expect(outcome).toMatchObject({
      status: 'failed',
      done: [],
      failed: { message: expect.stringMatching(/this key needs the scope workspaces.update\.$/) },
    })
  })

  it('of two who apply the same plan at once, one makes everything and the other is told', async () => {
    const plane = await startControlPlane()
    const { plan_id: id } = await plan(plane, FILE)
    const request = { document: FILE, secrets: SECRETS, plan_id: id }
    const both = await Promise.all([1, 2].map(() => plane.call('POST', '/configuration/apply', request)))
    expect(both.map(({ status }) => status).toSorted()).toEqual([200, 409])
    const { body: keys } = await plane.call('GET', '/api-keys?workspace_id=ws-other')
    expect(keys.data).toHaveLength(1)
  })

  it('JSON is a file too', async () => {
    const plane = await startControlPlane()
    const file = { portcullis: 1, name: 'platform', workspaces: { team: { name: 'Team' } } }
    expect((await apply(plane, JSON.stringify(file))).done).toMatchObject([{ kind: 'workspace', name: 'team' }])
  })
})
