import { expect, test } from 'vitest'
import { createMetricReader } from './read-metrics.ts'

const now = Date.UTC(2026, 10, 23, 12)
const by = { organisationId: 'org', workspaceId: 'ws', keyId: 'key', userId: undefined }
const DAY = 86_400_000
const read = (items: readonly unknown[], reader = createMetricReader((ms) => ms - (ms % DAY))) => reader(items, by, now)

function metric(name: string, shape: object) {
  return [{ scopeMetrics: [{ metrics: [{ name: `claude_code.${name}`, ...shape }] }] }]
}

function sum(
  values: readonly (number | string)[],
  attributes: Readonly<Record<string, string>> = {},
  aggregationTemporality = 1,
) {
  const shown = Object.entries(attributes).map(([key, stringValue]) => ({ key, value: { stringValue } }))
  const dataPoints = values.map((asDouble) => ({ timeUnixNano: String(now * 1e6), asDouble, attributes: shown }))
  return { sum: { aggregationTemporality, dataPoints } }
}

test('points of one kind and day are one count', () => {
  const counts = read(metric('lines_of_code.count', sum([3, 4], { type: 'added', 'session.id': 'a' })))
  expect(counts).toMatchObject({ rejected: 0, problem: undefined })
  expect(counts.items).toEqual([
    {
      ...by,
      start: Date.UTC(2026, 10, 23),
      name: 'claude_code.lines_of_code.count',
      attributes: '{"type":"added"}',
      value: 7,
    },
  ])
})

test.each([
  ['running totals', metric('commit.count', sum([1], {}, 2))],
  ['a negative count', metric('commit.count', sum([-1]))],
  ['what is no number', metric('commit.count', sum(['many']))],
  ['more than anybody counts', metric('commit.count', sum([1e13]))],
  ['a histogram', metric('commit.count', { histogram: { dataPoints: [{}] } })],
  ['what is not of Claude Code', [{ scopeMetrics: [{ metrics: [{ name: 'http.requests', ...sum([1]) }] }] }]],
])('%s is rejected, and told', (_what, items) => {
  expect(read(items)).toMatchObject({ items: [], rejected: 1, problem: expect.any(String) })
})

test('words that a client makes up do not make rows without end', () => {
  const reader = createMetricReader((ms) => ms - (ms % DAY))
  const kinds = new Set<string>()
  for (let at = 0; at < 1_000; at++) {
    for (const { attributes } of read(metric('token.usage', sum([1], { model: `made-up-${at}` })), reader).items)
      kinds.add(attributes)
  }
  expect(kinds.size).toBe(201)
})
