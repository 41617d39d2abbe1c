/* oxlint-disable unicorn/no-thenable -- A config's conditions say `then`, and nobody awaits one. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { scanTopLevel } from '../core/json.ts'
import { chooseOrder } from './choose.ts'
import { holds, type RequestFacts } from './conditions.ts'
import { readConfig } from './document.ts'
import { applyParams } from './params.ts'
import type { RoutingNode } from './routing-config.ts'

/*
 * Documents of every sort, right ones and broken ones mixed: what the reader takes can be followed for any request, and what it refuses it
 * refuses with a place.
 */

const anyValue = fc.oneof(
  fc.constantFrom<unknown>(null, true, -1, 0, 3, 7.5, 1e9, '', 'text', '@slug', [], {}, [1], { a: 1 }),
  fc.jsonValue({ maxDepth: 2 }),
)

/** Mostly what fits, now and then anything. */
const mostly = (fitting: fc.Arbitrary<unknown>) =>
  fc.oneof({ weight: 24, arbitrary: fitting }, { weight: 1, arbitrary: anyValue })

const statusCodes = mostly(fc.array(mostly(fc.integer({ min: 90, max: 610 })), { maxLength: 3 }))
const field = fc.constantFrom(
  'metadata.team',
  'metadata.level',
  'params.model',
  'params.a.b',
  'url.pathname',
  'params.messages.0.role',
)
const plain = fc.constantFrom<unknown>('payments', '5', 5, true, null, '')
const comparison = fc.oneof(
  plain,
  fc.dictionary(fc.constantFrom('$eq', '$ne', '$gt', '$gte', '$lt', '$lte'), mostly(plain), { maxKeys: 2 }),
  fc.record({ $in: mostly(fc.array(plain, { maxLength: 3 })) }),
  fc.record({ $regex: fc.oneof(fc.constantFrom('^p', 'a|b', '(x+x+)+y', '['), fc.string({ maxLength: 6 })) }),
)
const params = mostly(
  fc.dictionary(fc.constantFrom('temperature', 'top_k', 'model', 'thinking', 'metadata', '__proto__'), anyValue, {
    maxKeys: 3,
  }),
)
const settings = {
  provider: mostly(fc.constantFrom('@a', '@b', '@anthropic-prod')),
  virtual_key: fc.constant('a'),
  weight: mostly(fc.constantFrom(0, 1, 0.5, 100)),
  retry: mostly(
    fc.record(
      { attempts: mostly(fc.integer({ min: 0, max: 5 })), on_status_codes: statusCodes },
      { requiredKeys: ['attempts'] },
    ),
  ),
  cache: mostly(
    fc.record({ mode: mostly(fc.constant('simple')), max_age: mostly(fc.integer({ min: 60, max: 9_000_000 })) }),
  ),
  request_timeout: mostly(fc.integer({ min: 1, max: 4_000_000 })),
  override_params: params,
  default_params: params,
  drop_params: mostly(
    fc.array(
      mostly(fc.constantFrom('a', 'metadata.user_id', 'messages[*].cache_control', 'tools[0]', 'model', 'a..b')),
    ),
  ),
  forward_headers: mostly(fc.array(mostly(fc.constantFrom('x-team', 'anthropic-beta', 'cookie')), { maxLength: 3 })),
  cb_config: mostly(
    fc.record({ failure_threshold: mostly(fc.nat(9)), cooldown_interval: mostly(fc.constant(30_000)) }),
  ),
  retyr: anyValue,
}

const { document } = fc.letrec<{ document: unknown; target: unknown; strategy: unknown; query: unknown }>((tie) => ({
  document: fc.oneof({ maxDepth: 4, depthSize: 'small' }, tie('target'), tie('strategy')),
  target: fc
    .record(settings, { requiredKeys: [] })
    .chain((members) =>
      fc.subarray(Object.entries(members), { maxLength: 3 }).map((some) => ({ ...Object.fromEntries(some) })),
    ),
  strategy: fc
    .tuple(
      fc.constantFrom('single', 'fallback', 'loadbalance', 'conditional', 'fallbak'),
      fc.array(tie('document'), { minLength: 1, maxLength: 3 }),
      fc.array(tie('query'), { maxLength: 2 }),
      mostly(fc.constantFrom('t0', 't1')),
    )
    .map(([mode, children, queries, otherwise]) => ({
      strategy: {
        mode,
        ...(mode === 'conditional' && {
          conditions: queries.map((query) => ({ query, then: 't0' })),
          default: otherwise,
        }),
      },
      targets: children.map((child, index) =>
        typeof child === 'object' && child !== null ? { ...child, name: `t${index}` } : child,
      ),
    })),
  query: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    fc.dictionary(field, comparison, { minKeys: 1, maxKeys: 2 }),
    fc.record({ $and: fc.array(tie('query'), { minLength: 1, maxLength: 2 }) }),
    fc.record({ $or: fc.array(tie('query'), { minLength: 1, maxLength: 2 }) }),
    anyValue,
  ),
}))

const request = fc.record({
  key: fc.string(),
  metadata: fc.dictionary(fc.constantFrom('team', 'level'), fc.constantFrom('payments', '5', 'x'), {
    noNullPrototype: true,
  }),
  body: fc.dictionary(
    fc.constantFrom('model', 'a', 'messages', 'metadata', 'tools', 'temperature'),
    fc.jsonValue({ maxDepth: 3 }),
    {
      noNullPrototype: true,
    },
  ),
})

// Ten thousand documents take some seconds, more on a busy machine.
test(
  'what the reader takes can be followed for any request; what it refuses names the place of each problem',
  { timeout: 60_000 },
  () => {
    const counts = { taken: 0, refused: 0 }
    fc.assert(
      fc.property(document, request, (input, { key, metadata, body }) => {
        const { config, problems } = readConfig(input, { id: undefined, versionId: undefined })
        if (config === undefined) {
          counts.refused += 1
          for (const { path, message } of problems) {
            expect(path).toMatch(/^config(?:[.[]|$)/)
            expect(message).not.toBe('')
          }
          return
        }
        counts.taken += 1
        follow(
          config.root,
          key,
          { metadata, params: (name) => body[name], pathname: '/v1/messages' },
          Buffer.from(JSON.stringify(body)),
        )
      }),
      { numRuns: 10_000, seed: 7 },
    )
    // A test that only ever saw one sort of document would prove nothing.
    expect(counts.taken).toBeGreaterThan(1_000)
    expect(counts.refused).toBeGreaterThan(1_000)
  },
)

function follow(node: RoutingNode, key: string, facts: RequestFacts, bytes: Buffer): void {
  switch (node.kind) {
    case 'target':
      JSON.parse((applyParams(bytes, scanTopLevel(bytes), node.settings.params)?.bytes ?? bytes).toString())
      return
    case 'fallback':
      break
    case 'loadbalance':
      expect(chooseOrder(node, key).length).toBeGreaterThan(0)
      break
    case 'conditional': {
      const found = node.conditions.find(({ query }) => holds(query, facts))
      expect(node.children[found?.then ?? node.otherwise]).toBeDefined()
      break
    }
  }
  for (const child of node.children) follow(child, key, facts, bytes)
}
