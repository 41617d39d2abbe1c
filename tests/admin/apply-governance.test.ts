import { expect, it } from 'vitest'
import type { ConfigurationOutcome, ConfigurationPlan } from '../../src/contract/configuration.ts'
import { startControlPlane, type ControlPlane } from './harness.ts'

/* Files that say who may do what, and how much of it. */

const SECRETS = { 'env:KEY': 'sk-ant-of-the-tests-0001', 'env:HOOK': 'https://hooks.example.com/services/T1/B2/secret' }

const FILE = `portcullis: 1
name: platform
organisation:
  time_zone: Europe/Berlin
  contact: "#ai-platform"
  usage_limits: { credit_limit: 2000, periodic_reset: monthly }
users:
  ada@example.com: { role: admin }
  bob@example.com: { role: member }
integrations:
  claude:
    ai_provider_id: anthropic
    key: \${env:KEY}
    workspaces:
      payments: { usage_limits: { credit_limit: 300, periodic_reset: monthly } }
workspaces:
  payments:
    name: Payments
    usage_limits: { credit_limit: "400.50", periodic_reset: monthly, alert_threshold: 300 }
    rate_limits: [{ type: requests, unit: rpm, value: 600 }]
    members: { ada@example.com: admin, bob@example.com: member }
    providers:
      claude: { integration: claude, usage_limits: { credit_limit: 350, periodic_reset: monthly } }
    keys:
      ci:
        usage_limits: { type: cost, credit_limit: 50, periodic_reset: weekly, enforcement: hard }
        rate_limits: [{ type: concurrency, value: 4 }]
        rotation_policy: { rotation_period: monthly }
        alert_emails: [ci@example.com]
        expires_at: 2099-01-01T00:00:00+01:00
    policies:
      usage_limits:
        Fifty a week each:
          group_by: [user]
          credit_limit: 50
          periodic_reset: weekly
          alert_threshold: 40
        The build is cheap:
          conditions: [{ key: api_key, value: ci }]
          credit_limit: 5
          periodic_reset: daily
      rate_limits:
        Opus slowly:
          conditions: [{ key: model, value: "claude-opus-*" }]
          type: requests
          unit: rpm
          value: 10
    alert_channels:
      ops: { kind: slack, url: "\${env:HOOK}", events: [budget.threshold] }
`

async function plan(plane: ControlPlane, document: string, secrets: object = SECRETS): Promise<ConfigurationPlan> {
  const answer = await plane.call('POST', '/configuration/plan', { document, secrets })
  expect(answer.status, answer.text + String(plane.problems.map((each) => (each as Error).stack))).toBe(200)
  return answer.body as unknown as ConfigurationPlan
}

async function apply(plane: ControlPlane, document: string): Promise<ConfigurationOutcome> {
  const drawn = await plan(plane, document)
  expect(drawn.problems).toEqual([])
  const answer = await plane.call('POST', '/configuration/apply', {
    document,
    secrets: SECRETS,
    plan_id: drawn.plan_id,
  })
  expect(answer.status, answer.text + String(plane.problems.map((each) => (each as Error).stack))).toBe(200)
  return answer.body as unknown as ConfigurationOutcome
}

const told = (steps: ConfigurationPlan['steps']) => steps.map(({ action, kind, name }) => `${action} ${kind} ${name}`)

it('makes workspaces, people, budgets, policies and channels, and then has nothing to do', async () => {
  const plane = await startControlPlane()
  const outcome = await apply(plane, FILE)
  expect(outcome.failed).toBeNull()
  expect(told(outcome.done)).toEqual([
    'update organisation organisation',
    'create workspace payments',
    'create integration claude',
    'create provider payments/claude',
    'create user ada@example.com',
    'create user bob@example.com',
    'create key payments/ci',
    'create usage-policy payments/Fifty a week each',
    'create usage-policy payments/The build is cheap',
    'create rate-policy payments/Opus slowly',
    'create alert-channel payments/ops',
  ])
  expect(outcome.invites.map(({ email }) => email)).toEqual(['ada@example.com', 'bob@example.com'])
  const again = await plan(plane, FILE)
  expect([again.problems, again.steps]).toEqual([[], []])
})

it('changes one amount without touching what is beside it', async () => {
  const plane = await startControlPlane()
  await apply(plane, FILE)
  const { steps } = await plan(
    plane,
    FILE.replace('credit_limit: 5\n', 'credit_limit: 6\n').replace('value: 600', 'value: 601'),
  )
  expect(steps.map(({ kind, name, changes }) => [kind, name, changes.map(({ member }) => member)])).toEqual([
    ['workspace', 'payments', ['rate_limits']],
    ['usage-policy', 'payments/The build is cheap', ['credit_limit']],
  ])
})

it('notices another address of a channel, and does not show it', async () => {
  const plane = await startControlPlane()
  await apply(plane, FILE)
  const drawn = await plan(plane, FILE, { ...SECRETS, 'env:HOOK': 'https://hooks.example.com/services/T1/B2/other' })
  expect(drawn.steps).toMatchObject([{ kind: 'alert-channel', changes: [{ member: 'url', secret: 'changed' }] }])
  expect(JSON.stringify(drawn)).not.toContain('services')
})

it('takes everything back, a workspace last', async () => {
  const plane = await startControlPlane()
  await apply(plane, FILE)
  const empty = 'portcullis: 1\nname: platform\n'
  const outcome = await apply(plane, empty)
  expect(outcome.failed).toBeNull()
  expect(told(outcome.done).at(0)).toBe('delete alert-channel payments/ops')
  expect(told(outcome.done).at(-1)).toBe('delete workspace payments')
  expect((await plan(plane, empty)).steps).toEqual([])
})

it('does not remove a person whom it still names as a member', async () => {
  const plane = await startControlPlane()
  await apply(plane, FILE)
  const { problems } = await plan(plane, FILE.replace('  bob@example.com: { role: member }\n', ''))
  expect(problems.map(({ path, message }) => `${path}: ${message}`)).toEqual([
    'workspaces.payments.members.bob@example.com: bob@example.com is left out under users, and would be removed',
  ])
})

it('does not take a workspace away with what others have made in it', async () => {
  const plane = await startControlPlane()
  await apply(plane, FILE)
  await plane.newKey(['completions.write'], { name: 'By hand', workspace_id: 'payments' })
  const { problems } = await plan(plane, 'portcullis: 1\nname: platform\n')
  expect(problems).toMatchObject([
    { message: expect.stringContaining('holds the key By hand, which this file did not make') },
  ])
})

it('people join when they have accepted, with the plan after that', async () => {
  const plane = await startControlPlane()
  await apply(plane, FILE)
  const more = FILE.replace(
    '  payments:\n    name',
    '  ws-other:\n    members: { bob@example.com: manager }\n  payments:\n    name',
  )
  const { notes, steps } = await plan(plane, more)
  expect(steps).toEqual([])
  expect(notes).toEqual([
    'bob@example.com has not accepted the invitation yet and joins ws-other with the plan after that.',
  ])
})

it('an export has all of it, and changes nothing', async () => {
  const plane = await startControlPlane()
  await apply(plane, FILE)
  const { body } = await plane.call('GET', '/configuration?name=platform')
  const { document, notes } = body as unknown as { document: string; notes: string[] }
  expect(notes).toContain('ada@example.com is invited, but has not accepted yet, and is left out.')
  expect(document).toContain('Fifty a week each')
  const drawn = await plan(plane, document, {
    'env:CLAUDE_KEY': SECRETS['env:KEY'],
    'env:OPS_URL': SECRETS['env:HOOK'],
  })
  expect(drawn.problems).toEqual([])
  // The invitations are no part of the export, so a file of the same name would take them back.
  expect(told(drawn.steps).filter((step) => !step.startsWith('delete user'))).toEqual([])
})
