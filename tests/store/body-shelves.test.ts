import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import type { BodyShelves, ShelfBatch } from '../../src/store/bodies/body-shelves.ts'
import { openPostgresShelves } from '../../src/store/bodies/postgres-shelves.ts'
import { createSqliteShelves } from '../../src/store/bodies/sqlite-shelves.ts'
import { hasPostgres, makeDatabase } from './postgres-place.ts'

/** Shelves that two processes may open. */
interface Place {
  open(): Promise<BodyShelves>
  clear(): Promise<void>
}

const engines: readonly { readonly name: string; make(): Promise<Place> }[] = [
  {
    name: 'SQLite',
    async make() {
      const folder = mkdtempSync(join(tmpdir(), 'portcullis-shelves-'))
      return {
        open: async () => createSqliteShelves({ folder }),
        clear: async () => rmSync(folder, { recursive: true }),
      }
    },
  },
  ...(hasPostgres
    ? [
        {
          name: 'PostgreSQL',
          async make() {
            const { url, drop } = await makeDatabase({ isBare: true })
            return { open: () => openPostgresShelves(url), clear: drop }
          },
        },
      ]
    : []),
]

const SHELF = '30d-20261123'
const HELD = 'held-20261123'
const NOTHING: ShelfBatch = { chapters: [], segments: [], manifests: [], words: [] }

/** One exchange of a session, in a chapter of its own with two segments. */
function exchange(name: string, scope: string, workspaceId = 'ws_a', words: readonly string[] = []): ShelfBatch {
  const chapter = `chapter-${name}`
  return {
    chapters: [
      {
        id: chapter,
        workspaceId,
        scope,
        keyId: 'key',
        wrappedKey: Buffer.from(`wrapped ${name}`),
        begunAt: 1_700_000_000_000,
      },
    ],
    segments: [
      { chapter, seq: 0, sealed: Buffer.from(`zero ${name}`) },
      { chapter, seq: 1, sealed: Buffer.from([0, 255, 10, 13, 0]) },
    ],
    manifests: [
      {
        exchangeId: `req_${name}`,
        kind: 'client_request',
        ordinal: 0,
        chapter,
        sealed: Buffer.from(`request ${name}`),
      },
      { exchangeId: `req_${name}`, kind: 'upstream_error', ordinal: 2, chapter, sealed: Buffer.alloc(0) },
    ],
    words:
      words.length === 0
        ? []
        : [{ exchangeId: `req_${name}`, chapter, workspaceId, receivedAt: 1_700_000_000_000 + Number(name), words }],
  }
}

describe.each(engines)('shelves on $name', ({ make }) => {
  const closings: (() => Promise<void>)[] = []

  afterEach(async () => {
    for (const close of closings.splice(0).toReversed()) await close()
  })

  async function place(): Promise<Place> {
    const made = await make()
    closings.push(() => made.clear())
    return made
  }

  async function openIn(where: Place): Promise<BodyShelves> {
    const shelves = await where.open()
    closings.push(() => shelves.close())
    return shelves
  }

  const open = async () => await openIn(await place())

  test('what was put on a shelf is there as it was, also for who opens it later', async () => {
    const where = await place()
    const first = await where.open()
    const batch = exchange('1', 'ses_1')
    await first.put(SHELF, batch)
    await first.close()
    const shelves = await openIn(where)
    expect(plain(await shelves.manifests(SHELF, 'req_1'))).toEqual(plain(batch.manifests))
    expect(plain([await shelves.chapter(SHELF, 'chapter-1')])).toEqual(plain(batch.chapters))
    expect(plain(await shelves.segments(SHELF, 'chapter-1', [0, 1, 7]))).toEqual(plain(batch.segments))
    expect(await shelves.list()).toEqual([SHELF])
  })

  test('a batch that was put may be put again', async () => {
    const shelves = await open()
    const batch = exchange('1', 'ses_1', 'ws_a', ['apple'])
    await shelves.put(SHELF, batch)
    await shelves.put(SHELF, batch)
    expect(await found(shelves, ['apple'])).toEqual(['req_1'])
    expect(plain(await shelves.segments(SHELF, 'chapter-1', [0, 1]))).toEqual(plain(batch.segments))
  })

  test('a shelf that is not there is empty', async () => {
    const shelves = await open()
    expect(await shelves.manifests(SHELF, 'req_1')).toEqual([])
    expect(await shelves.chapter(SHELF, 'chapter-1')).toBeUndefined()
    expect(await shelves.segments(SHELF, 'chapter-1', [0])).toEqual([])
    expect(await shelves.scopes(SHELF)).toEqual([])
    expect(await shelves.findWords(SHELF, { ...ANYTHING, words: ['word'] })).toEqual([])
    await shelves.deleteScope(SHELF, 'ses_1')
    await shelves.deleteExchange(SHELF, 'req_1', [])
    await shelves.moveScope(SHELF, HELD, 'ses_1')
    await shelves.drop(SHELF)
    expect(await shelves.list()).toEqual([])
  })

  test('a batch is put as a whole or not at all', async () => {
    const shelves = await open()
    const broken = exchange('1', 'ses_1')
    const segments = [...broken.segments, { chapter: 'chapter-1', seq: 5, sealed: undefined as unknown as Buffer }]
    await expect(shelves.put(SHELF, { ...broken, segments })).rejects.toThrow()
    expect(await shelves.manifests(SHELF, 'req_1')).toEqual([])
    await shelves.put(SHELF, broken)
    expect(await shelves.manifests(SHELF, 'req_1')).toHaveLength(2)
  })

  test('of two manifests for one body the last one counts, in one batch and in two', async () => {
    const shelves = await open()
    const batch = exchange('1', 'ses_1')
    const [first] = batch.manifests
    const second = { ...first!, sealed: Buffer.from('second') }
    await shelves.put(SHELF, { ...batch, manifests: [first!, second] })
    expect(plain(await shelves.manifests(SHELF, 'req_1'))).toEqual(plain([second]))
    await shelves.put(SHELF, { ...NOTHING, manifests: [first!] })
    expect(plain(await shelves.manifests(SHELF, 'req_1'))).toEqual(plain([first]))
  })

  test('a name that is no shelf leads nowhere', async () => {
    const shelves = await open()
    for (const name of ['../portcullis', 'x; drop table exchanges', '']) {
      await expect(shelves.put(name, NOTHING)).rejects.toThrow('is no shelf')
      await expect(shelves.manifests(name, 'req_1')).rejects.toThrow('is no shelf')
    }
  })

  test('a session is deleted with its chapters, manifests and words, and others stay', async () => {
    const shelves = await open()
    await shelves.put(SHELF, exchange('1', 'ses_1', 'ws_a', ['apple']))
    await shelves.put(SHELF, exchange('2', 'ses_2', 'ws_a', ['apple']))
    await shelves.deleteScope(SHELF, 'ses_1')
    expect(await shelves.manifests(SHELF, 'req_1')).toEqual([])
    expect(await shelves.segments(SHELF, 'chapter-1', [0, 1])).toEqual([])
    expect(await shelves.chapter(SHELF, 'chapter-1')).toBeUndefined()
    expect(await found(shelves, ['apple'])).toEqual(['req_2'])
    expect(plain(await shelves.scopes(SHELF))).toEqual([{ scope: 'ses_2', workspaceId: 'ws_a' }])
  })

  test('an index that has grown forgets the words of a request, a session and a workspace', async () => {
    const shelves = await open()
    for (let name = 1; name <= 40; name++) {
      const words = ['apple', ...Array.from({ length: 300 }, (_, at) => `w${name}_${at}`)]
      await shelves.put(SHELF, exchange(String(name), `ses_${name % 4}`, name % 2 === 0 ? 'ws_a' : 'ws_b', words))
    }
    const all = { workspaceIds: ['ws_a', 'ws_b'], limit: 100 }
    await shelves.deleteExchange(SHELF, 'req_1', [])
    expect(await found(shelves, ['apple'], all)).toHaveLength(39)
    await shelves.deleteScope(SHELF, 'ses_1')
    expect(await found(shelves, ['apple'], all)).toHaveLength(30)
    await shelves.forgetWords(SHELF, 'ws_a')
    expect(await found(shelves, ['apple'], all)).toHaveLength(10)
    expect(await found(shelves, ['w2_7'], all)).toEqual([])
  })

  test('an exchange is deleted with what is its own, and the rest of its chapter stays', async () => {
    const shelves = await open()
    await shelves.put(SHELF, exchange('1', 'ses_1', 'ws_a', ['apple']))
    await shelves.deleteExchange(SHELF, 'req_1', [{ chapter: 'chapter-1', seq: 1 }])
    expect(await shelves.manifests(SHELF, 'req_1')).toEqual([])
    expect((await shelves.segments(SHELF, 'chapter-1', [0, 1])).map(({ seq }) => seq)).toEqual([0])
    expect(await found(shelves, ['apple'])).toEqual([])
  })

  test('a session moves to another shelf whole, twice as well as once', async () => {
    const shelves = await open()
    const batch = exchange('1', 'ses_1')
    await shelves.put(SHELF, batch)
    await shelves.put(SHELF, exchange('2', 'ses_2'))
    // As if a crash had come between copying and deleting.
    await shelves.put(HELD, batch)
    await shelves.moveScope(SHELF, HELD, 'ses_1')
    await shelves.moveScope(SHELF, HELD, 'ses_1')
    expect(await shelves.manifests(SHELF, 'req_1')).toEqual([])
    expect(plain(await shelves.manifests(HELD, 'req_1'))).toEqual(plain(batch.manifests))
    expect(plain(await shelves.segments(HELD, 'chapter-1', [0, 1]))).toEqual(plain(batch.segments))
    expect(await shelves.manifests(SHELF, 'req_2')).toHaveLength(2)
    expect((await shelves.list()).toSorted()).toEqual([SHELF, HELD])
  })

  test('a shelf that is dropped is gone, and can be begun again', async () => {
    const shelves = await open()
    await shelves.put(SHELF, exchange('1', 'ses_1'))
    await shelves.drop(SHELF)
    expect(await shelves.list()).toEqual([])
    await shelves.put(SHELF, exchange('2', 'ses_1'))
    expect(await shelves.manifests(SHELF, 'req_1')).toEqual([])
    expect(await shelves.manifests(SHELF, 'req_2')).toHaveLength(2)
  })

  test('two processes write to one shelf, also when it is new to both', async () => {
    const where = await place()
    const [one, other] = [await openIn(where), await openIn(where)]
    await Promise.all([one.put(SHELF, exchange('1', 'ses_1')), other.put(SHELF, exchange('2', 'ses_1'))])
    expect(await one.manifests(SHELF, 'req_2')).toHaveLength(2)
    expect(await other.manifests(SHELF, 'req_1')).toHaveLength(2)
  })

  test('words are found when all are there, whatever their alphabet, in these workspaces and this time, newest first', async () => {
    const shelves = await open()
    await shelves.put(SHELF, exchange('1', 'ses_1', 'ws_a', ['apple', 'naïve', 'near', 'and', 'कितना', 'it_is']))
    await shelves.put(SHELF, exchange('2', 'ses_1', 'ws_a', ['apple', 'or']))
    await shelves.put(SHELF, exchange('3', 'ses_2', 'ws_b', ['apple']))
    expect(await found(shelves, ['apple'])).toEqual(['req_2', 'req_1'])
    expect(await found(shelves, ['apple', 'naïve'])).toEqual(['req_1'])
    for (const word of ['near', 'and', 'कितना', 'it_is']) expect(await found(shelves, [word])).toEqual(['req_1'])
    expect(await found(shelves, ['naive'])).toEqual([])
    expect(await found(shelves, ['appl'])).toEqual([])
    expect(await found(shelves, ['apple'], { workspaceIds: [] })).toEqual([])
    expect(await found(shelves, ['apple'], { limit: 1 })).toEqual(['req_2'])
    expect(await found(shelves, ['apple'], { until: 1_700_000_000_002 })).toEqual(['req_1'])
    expect(await found(shelves, ['apple'], { since: 1_700_000_000_002 })).toEqual(['req_2'])
  })
})

test('only this user may read the files of shelves', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-shelves-'))
  const shelves = createSqliteShelves({ folder: join(folder, 'bodies') })
  await shelves.put(SHELF, exchange('1', 'ses_1'))
  expect(statSync(join(folder, 'bodies', `${SHELF}.db`)).mode & 0o777).toBe(0o600)
  expect(statSync(join(folder, 'bodies')).mode & 0o777).toBe(0o700)
  await shelves.close()
  rmSync(folder, { recursive: true })
})

const ANYTHING = { workspaceIds: ['ws_a'], since: 0, until: 2_000_000_000_000, limit: 10 }

async function found(shelves: BodyShelves, words: readonly string[], narrower: Partial<typeof ANYTHING> = {}) {
  const hits = await shelves.findWords(SHELF, { ...ANYTHING, ...narrower, words })
  return hits.map(({ exchangeId }) => exchangeId)
}

/** Rows with their bytes as text, whatever class the engine gives them. */
function plain(rows: readonly (object | undefined)[]): unknown[] {
  return rows.map((row) =>
    Object.fromEntries(
      Object.entries(row ?? {}).map(([name, value]) => [
        name,
        value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value,
      ]),
    ),
  )
}
