import { describe, expect, test } from 'vitest'
import fc from 'fast-check'
import type { Planned, Route, Target } from './exchange.ts'
import { cacheKey } from './cache-key.ts'
import { NO_SETTINGS } from '../routing/routing-config.ts'

function target(path: string, providerId: string, model = 'claude-sonnet-5-5'): Target {
  const target = { kind: 'target', upstream: { providerId, integrationId: 'i' }, model, wire: { id: model }, path }
  return { ...target, settings: NO_SETTINGS } as unknown as Target
}

const DEAD: Route = { kind: 'dead end', path: 'config.targets[1]', error: new Error('gone') as never }

function choice(...options: readonly Route[]): Route {
  return { kind: 'choice', path: 'config', options, onStatusCodes: undefined, affinityKey: undefined, affinityMs: 0 }
}

const FIRST = target('config.targets[0]', 'one')
const SECOND = target('config.targets[1]', 'two')
const THIRD = target('config.targets[2]', 'three')

interface Asked {
  readonly workspaceId?: string
  readonly keyId?: string
  readonly body?: string
  readonly query?: string
  readonly namespace?: string
  readonly beta?: string
  readonly fingerprint?: string
  readonly route?: Route
}

function exchange(asked: Asked): Planned {
  return {
    endpoint: 'messages',
    query: asked.query ?? '',
    headers: ['x-portkey-cache-namespace', asked.namespace ?? '', 'Anthropic-Beta', asked.beta ?? ''],
    caller: { workspaceId: asked.workspaceId ?? 'w', keyId: asked.keyId ?? 'k' },
    body: { bytes: Buffer.from(asked.body ?? '{}') },
    plan: { route: asked.route ?? FIRST, config: { fingerprint: asked.fingerprint ?? 'v1' }, metadata: {} },
  } as unknown as Planned
}

const idOf = (asked: Asked, scope: 'key' | 'workspace' = 'key') => cacheKey(exchange(asked), scope)?.id

test('two requests share an answer only when everything about them is the same, and never across workspaces or keys', () => {
  // Short texts over few letters, so that one part often continues where the other ended.
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '"', ',', ']'), maxLength: 3 })
  const asked = fc.record({
    workspaceId: text,
    keyId: text,
    body: text,
    query: text,
    namespace: text,
    beta: text,
    fingerprint: text,
  })
  fc.assert(
    fc.property(asked, asked, (one, other) => {
      const isSame = JSON.stringify(one) === JSON.stringify(other)
      expect(idOf(one) === idOf(other)).toBe(isSame)
      const { keyId: _one, ...withoutKey } = one
      const { keyId: _other, ...otherWithoutKey } = other
      const isShared = JSON.stringify(withoutKey) === JSON.stringify(otherWithoutKey)
      expect(idOf(one, 'workspace') === idOf(other, 'workspace')).toBe(isShared)
      expect(idOf(one, 'workspace')).not.toBe(idOf(one, 'key'))
    }),
    { numRuns: 500 },
  )
})

describe('the way of a request', () => {
  const all = idOf({ route: choice(FIRST, SECOND, THIRD) })

  test('with a target that has become a dead end finds nothing that was kept before', () => {
    expect(idOf({ route: choice(FIRST, DEAD, THIRD) })).not.toBe(all)
    expect(idOf({ route: choice(DEAD, SECOND, THIRD) })).not.toBe(all)
  })

  test('with another provider, or another model there, is another one', () => {
    expect(idOf({ route: choice(FIRST, target(SECOND.path, 'another'), THIRD) })).not.toBe(all)
    expect(idOf({ route: choice(FIRST, target(SECOND.path, 'two', 'claude-haiku-4-5'), THIRD) })).not.toBe(all)
  })

  test('is the same whatever order was drawn for those that come after the first', () => {
    expect(idOf({ route: choice(FIRST, THIRD, SECOND) })).toBe(all)
    expect(idOf({ route: choice(SECOND, FIRST, THIRD) })).not.toBe(all)
  })

  test('with nothing but dead ends has no key', () => {
    expect(cacheKey(exchange({ route: choice(DEAD) }), 'key')).toBeUndefined()
  })
})

test('a header that only a later target is sent tells two requests apart, as that one may have answered', () => {
  const later = { ...SECOND, settings: { ...NO_SETTINGS, forwardHeaders: ['anthropic-beta', 'x-tenant'] } }
  const ask = (tenant: string) => {
    const asked = exchange({ route: choice(FIRST, later) })
    return cacheKey({ ...asked, headers: [...asked.headers, 'x-tenant', tenant] }, 'workspace')?.id
  }
  expect(ask('one')).not.toBe(ask('other'))
  expect(ask('one')).toBe(ask('one'))
})
