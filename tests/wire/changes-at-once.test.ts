import { afterAll, beforeAll, expect, test } from 'vitest'
import { startGateway, type TestGateway } from '../../src/testing/gateway.ts'
import { send } from '../../src/testing/http.ts'

/*
 * A change of the control plane is in force when it is answered: nobody who asks after that gets what it has taken away, whatever else the gateway
 * is busy with. How long the answer took under this load is printed.
 */

let gateway: TestGateway

beforeAll(async () => {
  gateway = await startGateway()
})
afterAll(() => gateway.stop())

/** Developers who ask without a pause while something is changed for one of them. */
const BUSY_LOOPS = 24

const MODEL = 'claude-sonnet-4-5'

interface Change {
  readonly name: string
  /** Status that requests get once it is in force. */
  readonly status: number
  make(key: { readonly id: string; readonly key: string }): Promise<unknown>
  undo?(): Promise<unknown>
}

const usage = (credit_limit: number | string) => ({ usage_limits: { type: 'cost', credit_limit } })

const CHANGES: readonly Change[] = [
  { name: 'a revoked key', status: 401, make: ({ id }) => gateway.admin('DELETE', `/api-keys/${id}`) },
  {
    name: 'a budget lowered below what is spent',
    status: 402,
    make: ({ id }) => gateway.admin('PUT', `/api-keys/${id}`, usage('0.000001')),
  },
  {
    name: 'a rate limit that is used up',
    status: 429,
    make: ({ id }) =>
      gateway.admin('PUT', `/api-keys/${id}`, { rate_limits: [{ type: 'requests', unit: 'rpd', value: 1 }] }),
  },
  {
    name: 'a scope taken away',
    status: 403,
    make: ({ id }) => gateway.admin('PUT', `/api-keys/${id}`, { scopes: ['models.list'] }),
  },
  {
    name: 'a model switched off',
    status: 400,
    make: () => gateway.admin('PUT', '/integrations/upstream/models', { models: [{ slug: MODEL, enabled: false }] }),
    undo: () => gateway.admin('PUT', '/integrations/upstream/models', { models: [{ slug: MODEL, enabled: true }] }),
  },
]

test.each(CHANGES)('$name acts on the next request, also under load', async ({ status, make, undo }) => {
  const subject = await gateway.createKey(usage(1_000))
  const other = await gateway.createKey()
  let isOver = false
  const loops = Array.from({ length: BUSY_LOOPS }, async (_, index) => {
    while (!isOver) await ask(index % 2 === 0 ? other.key : subject.key)
  })
  try {
    for (let count = 0; count < 3; count++) expect(await ask(subject.key)).toBe(200)
    const startedAt = performance.now()
    await make(subject)
    const tookMs = performance.now() - startedAt
    const after = await Promise.all(Array.from({ length: 20 }, () => ask(subject.key)))
    expect(new Set(after)).toEqual(new Set([status]))
    console.info(`answered, and in force, after ${tookMs.toFixed(0)} ms beside ${BUSY_LOOPS} busy clients`)
  } finally {
    isOver = true
    await Promise.all(loops)
    await undo?.()
  }
})

async function ask(key: string): Promise<number> {
  const { status } = await send(`${gateway.url}/v1/messages`, {
    headers: ['authorization', `Bearer ${key}`, 'content-type', 'application/json'],
    body: JSON.stringify({ model: MODEL, max_tokens: 100, messages: [{ role: 'user', content: 'Hello' }] }),
  }).answer
  return status
}
