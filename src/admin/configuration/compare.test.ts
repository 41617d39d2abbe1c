import fc from 'fast-check'
import { expect, it } from 'vitest'
import { isSame } from './compare.ts'

it.each([
  ['an amount as number and as text', 'credit_limit', 400.5, '400.50'],
  ['nothing and null', 'description', undefined, null],
  ['nothing and an empty list', 'rate_limits', undefined, []],
  [
    'one limit and a list of one',
    'usage_limits',
    { credit_limit: 5 },
    [{ type: 'cost', credit_limit: '5', mode: 'strict' }],
  ],
  [
    'one threshold and a list of one',
    'usage_limits',
    [{ credit_limit: 5, alert_threshold: 4 }],
    [{ credit_limit: 5, alert_thresholds: ['4.0'] }],
  ],
  ['scopes in another order', 'scopes', ['a', 'b'], ['b', 'a']],
  ['a provider with its @ and without', 'provider', 'claude', '@claude'],
  ['a moment in two zones', 'expires_at', '2030-01-01T01:00:00+01:00', '2030-01-01T00:00:00.000Z'],
  ['a routing document with its members in another order', 'config', { a: 1, b: [1, 2] }, { b: [1, 2], a: 1 }],
])('%s are the same', (_what, member, one, other) => {
  expect(isSame(member, one, other)).toBe(true)
  expect(isSame(member, other, one)).toBe(true)
})

it.each([
  ['two amounts', 'credit_limit', 5, 50],
  ['a hard and a soft budget', 'usage_limits', [{ credit_limit: 5 }], [{ credit_limit: 5, enforcement: 'soft' }]],
  ['targets in another order', 'config', { targets: [1, 2] }, { targets: [2, 1] }],
  ['a workspace that may and none', 'workspaces', { payments: {} }, {}],
  ['a limit and none', 'rate_limits', [{ type: 'requests', unit: 'rpm', value: 1 }], []],
])('%s are not the same', (_what, member, one, other) => {
  expect(isSame(member, one, other)).toBe(false)
})

const DOCUMENT = fc.dictionary(fc.string(), fc.jsonValue())

it('whatever a routing document is, it is the same as itself and as nothing else', () => {
  fc.assert(
    fc.property(DOCUMENT, DOCUMENT, (one, other) => {
      expect(isSame('config', one, structuredClone(one))).toBe(true)
      const same = JSON.stringify(sorted(one)) === JSON.stringify(sorted(other))
      expect(isSame('config', one, other)).toBe(same)
    }),
  )
})

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([one], [other]) => (one < other ? -1 : 1))
      .map(([name, inner]) => [name, sorted(inner)]),
  )
}
