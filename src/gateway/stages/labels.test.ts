import { expect, test } from 'vitest'
import type { Received } from '../exchange.ts'
import { readLabels } from './labels.ts'

function metadataOf(headers: readonly string[], pinned: Record<string, string>) {
  const exchange = { headers, caller: { metadata: pinned }, id: 'req_1' } as unknown as Received
  return readLabels(exchange).metadata
}

test('what a key or its workspace says of itself, a request cannot say otherwise', () => {
  const own = ['x-portkey-metadata', '{"team":"core","project":"x"}', 'baggage', 'team=infra,region=eu']
  expect(metadataOf(own, { team: 'interns' })).toEqual({ team: 'interns', project: 'x', region: 'eu' })
})

test('what a request says wins over what tracing libraries add', () => {
  expect(metadataOf(['x-portkey-metadata', '{"team":"core"}', 'baggage', 'team=infra'], {})).toEqual({ team: 'core' })
})

test('a request that says nothing shares the tags of its key', () => {
  const pinned = { team: 'core' }
  expect(metadataOf([], pinned)).toBe(pinned)
})
