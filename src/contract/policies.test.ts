import { expect, test } from 'vitest'
import { POLICY_KEYS as KNOWN } from '../limits/policy-conditions.ts'
import { listProblems } from './fields.ts'
import { POLICY_KEYS, RatePolicyCreate, UsagePolicyCreate, UsagePolicyUpdate } from './policies.ts'

function problems(schema: typeof UsagePolicyCreate | typeof RatePolicyCreate | typeof UsagePolicyUpdate, body: object) {
  const { error } = schema.safeParse(body)
  return error === undefined ? [] : listProblems(error).split('\n')
}

const BUDGET = { credit_limit: 5 }

test('the API takes what the rulebook knows, and nothing else', () => {
  expect(POLICY_KEYS.toSorted()).toEqual(KNOWN.toSorted())
})

test('groups are written as Portkey does, or short', () => {
  expect(UsagePolicyCreate.parse({ ...BUDGET, group_by: ['user', { key: 'metadata.team' }] }).group_by).toEqual([
    { key: 'user' },
    { key: 'metadata.team' },
  ])
})

test.each([
  [
    { conditions: [{ key: 'apikey', value: 'x' }] },
    'conditions.0.key: "apikey" is not known here; did you mean api_key?',
  ],
  [{ conditions: [{ key: 'metadata.', value: 'x' }] }, 'conditions.0.key: "metadata." is not known here'],
  [{ conditions: [{ key: 'user', value: '*', excludes: true }] }, 'conditions.0.value: would never apply'],
  [{ conditions: [{ key: 'user', value: ['*', 'x'] }] }, 'conditions.0.value: * fits everything; leave the others out'],
  [{ conditions: [{ key: 'user', value: 'a*' }] }, 'conditions.0.value: a * stands alone'],
  [{ conditions: [{ key: 'model', value: 'claude-*-5' }] }, 'conditions.0.value: a * stands alone'],
  [{ conditions: [{ key: 'model', value: [] }] }, 'conditions.0.value: may not be empty'],
  [{ conditions: [{ key: 'model', value: 5 }] }, 'conditions.0.value: has to be a text'],
  [{ conditions: [{ key: 'endpoint_type', value: 'chat' }] }, 'conditions.0.value: has to be messages or count_tokens'],
  [{ conditions: Array(21).fill({ key: 'user', value: '*' }) }, 'conditions: has to have at most 20 entries'],
  [{ group_by: ['user', { key: 'user' }] }, 'group_by.1: is there twice'],
  [{ group_by: ['nobody'] }, 'group_by.0: "nobody" is not known here'],
  [{ target: 'mcp_tools' }, 'target: this version has policies for models only'],
  [{ alert_threshold: 6 }, 'alert_threshold: has to be below credit_limit'],
])('%j is refused', (body, problem) => {
  expect(problems(UsagePolicyCreate, { ...BUDGET, ...body })).toContainEqual(expect.stringContaining(problem))
})

test('a rate policy needs a window', () => {
  expect(problems(RatePolicyCreate, { type: 'requests', value: 5 })).toEqual([
    'unit: is required: rps, rpm, rph, rpd or rpw',
  ])
})

test.each(['conditions', 'group_by', 'type', 'workspace_id', 'target'])('%s cannot be changed', (member) => {
  expect(problems(UsagePolicyUpdate, { [member]: [] })).toEqual([
    `${member}: cannot be changed; make another policy and delete this one`,
  ])
})
