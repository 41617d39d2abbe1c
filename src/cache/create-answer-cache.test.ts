import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { asId } from '../core/ids.ts'
import { listCacheShares } from '../store/cache-entries.ts'
import { type Store, openStore } from '../store/database.ts'
import { insertOrganisation } from '../store/organisations.ts'
import { insertWorkspace } from '../store/workspaces.ts'
import { type ManualClock, createManualClock } from '../testing/clock.ts'
import { ANSWER_BYTES_MAX, type AnswerCache, type CachedAnswer } from './answer-cache.ts'
import { type AnswerCacheParts, createAnswerCache } from './create-answer-cache.ts'

const KEY = { workspaceId: 'workspace-1', id: 'a' }

let folder: string
let store: Store
let clock: ManualClock
let problems: unknown[]
let open: AnswerCache[]

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'portcullis-cache-'))
  store = await openStore({ file: join(folder, 'store.db') })
  clock = createManualClock()
  problems = []
  open = []
  await insertOrganisation(store.db, { id: asId('organisation-1'), name: 'Acme', createdAt: 1 })
  for (const id of ['workspace-1', 'workspace-2']) {
    await insertWorkspace(store.db, {
      id: asId(id),
      organisationId: asId('organisation-1'),
      slug: `ws-${id}`,
      name: id,
      description: null,
      isDefault: false,
      defaults: { provider: undefined, metadata: {} },
      createdAt: 1,
      updatedAt: 1,
    })
  }
})

afterEach(async () => {
  for (const cache of open) await cache.close()
  await store.close()
  rmSync(folder, { recursive: true, force: true })
})

function start(over: Partial<AnswerCacheParts> = {}): AnswerCache {
  const cache = createAnswerCache({ clock, db: store.db, report: (problem) => problems.push(problem), ...over })
  open.push(cache)
  return cache
}

function answer(body = 'Hi'): CachedAnswer {
  return { status: 200, headers: ['content-type', 'text/plain'], body: Buffer.from(body), createdAt: clock.now() }
}

test('an answer in memory is found at once', () => {
  const cache = start()
  cache.put(KEY, answer(), 60_000)
  expect(cache.get(KEY)).toMatchObject(answer())
})

test('an answer outlives the process', async () => {
  const first = start()
  first.put(KEY, answer(), 60_000)
  await first.close()
  expect(await start().get(KEY)).toMatchObject(answer())
})

test('an answer that memory has no room for is found in the store', async () => {
  const cache = start({ memoryBytesMax: 100 })
  cache.put(KEY, answer(), 60_000)
  expect(await cache.get(KEY)).toMatchObject(answer())
})

test('an answer is found by its own workspace only, wherever it lies', async () => {
  for (const memoryBytesMax of [100, 100_000]) {
    const cache = start({ memoryBytesMax })
    cache.put(KEY, answer(), 60_000)
    expect(await cache.get({ ...KEY, workspaceId: 'workspace-2' })).toBeUndefined()
    await cache.close()
    expect(await cache.get({ ...KEY, workspaceId: 'workspace-2' })).toBeUndefined()
  }
})

test('an answer of more than 2 MB is not kept', async () => {
  const cache = start()
  cache.put(KEY, answer('x'.repeat(ANSWER_BYTES_MAX + 1)), 60_000)
  expect(await cache.get(KEY)).toBeUndefined()
})

test('answers that come faster than they are written are counted, not kept waiting without end', async () => {
  const cache = start({ memoryBytesMax: 100, pendingBytesMax: 10 })
  for (const id of ['a', 'b', 'c']) cache.put({ ...KEY, id }, answer('12345678'), 60_000)
  expect(cache.stats()).toMatchObject({ pending: 1, dropped: 1 })
})

describe('forgetting a workspace', () => {
  test('takes its answers out of memory, queue and store, and leaves those of others', async () => {
    const cache = start()
    const other = { workspaceId: 'workspace-2', id: 'b' }
    cache.put(KEY, answer(), 60_000)
    cache.put(other, answer(), 60_000)
    await cache.forget('workspace-1')
    expect(await cache.get(KEY)).toBeUndefined()
    await cache.close()
    const next = start()
    expect(await next.get(KEY)).toBeUndefined()
    expect(await next.get(other)).toBeDefined()
  })

  test('is not undone by a read that was under way', async () => {
    const first = start()
    first.put(KEY, answer(), 60_000)
    await first.close()
    const cache = start()
    const read = cache.get(KEY)
    const forgotten = cache.forget('workspace-1')
    await read
    expect(await forgotten).toBe(1)
    expect(await cache.get(KEY)).toBeUndefined()
  })
})

describe('the store', () => {
  test('is cleared of what has expired', async () => {
    const cache = start()
    cache.put(KEY, answer(), 60_000)
    cache.put({ ...KEY, id: 'longer' }, answer(), 600_000)
    await cache.close()
    start()
    clock.advance(60_000)
    await expect.poll(() => listCacheShares(store.db)).toMatchObject([{ entries: 1 }])
  })

  test('keeps to its room: the workspace with most in it loses its oldest', async () => {
    const cache = start({ storeBytesMax: 1_000 })
    cache.put({ workspaceId: 'workspace-2', id: 'quiet' }, answer('x'.repeat(100)), 600_000)
    for (let n = 0; n < 50; n++) {
      clock.advance(1)
      cache.put({ ...KEY, id: `busy-${n}` }, answer('x'.repeat(100)), 600_000)
    }
    await cache.close()
    const shares = await listCacheShares(store.db)
    expect(shares.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThanOrEqual(1_200)
    const next = start()
    expect(await next.get({ workspaceId: 'workspace-2', id: 'quiet' })).toBeDefined()
    expect(await next.get({ ...KEY, id: 'busy-49' })).toBeDefined()
    expect(await next.get({ ...KEY, id: 'busy-0' })).toBeUndefined()
  })

  test('may fail: reads find nothing, memory still answers, and the operator hears of it once', async () => {
    const cache = start()
    await store.db.schema.dropTable('cache_entries').execute()
    expect(await cache.get({ ...KEY, id: 'elsewhere' })).toBeUndefined()
    cache.put(KEY, answer(), 60_000)
    expect(cache.get(KEY)).toBeDefined()
    await cache.close()
    expect(cache.stats().failures).toBe(2)
    expect(problems).toHaveLength(1)
  })

  test('is not waited for when it does not answer', async () => {
    const cache = start()
    const release = Promise.withResolvers<void>()
    const held = store.db.connection().execute(() => release.promise)
    const read = cache.get(KEY)
    clock.advance(1_000)
    expect(await read).toBeUndefined()
    expect(cache.stats().failures).toBe(1)
    release.resolve()
    await held
  })
})
