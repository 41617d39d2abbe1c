import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import type { BodyShelves, ShelfBatch } from '../../store/bodies/body-shelves.ts'
import { StoreError } from '../../store/store-error.ts'
import { createManualClock } from '../../testing/clock.ts'
import { createTurnReader } from '../turns/turn-reader.ts'
import type { BodyReference } from './body-reader.ts'
import { createChapters } from './chapters.ts'
import { createKeeper } from './keeper.ts'
import { createKeyRing } from './key-ring.ts'
import { createMaskers } from './maskers.ts'
import { createShelfReader } from './read-bodies.ts'

const SHELF = '30d-20261123'

test('a disk that is full costs what was written meanwhile, and nothing afterwards points to it', async () => {
  const { keep, stateOf, disk } = createDesk()
  const beginning = 'a beginning that they have in common '.repeat(20)
  expect(await keep('req_1', beginning)).toMatchObject({ lost: 0, kept: 2 })
  disk.isFull = true
  const text = `${beginning}\n${'what only the full disk saw '.repeat(20)}`
  expect(await keep('req_2', text)).toMatchObject({ lost: 2, kept: 0, failure: 'database or disk is full' })
  disk.isFull = false
  expect(await keep('req_3', `${text}\nand more`)).toMatchObject({ lost: 0, kept: 2, failure: undefined })
  expect(await stateOf('req_1')).toBe('readable')
  expect(await stateOf('req_2')).toBe('absent')
  expect(await stateOf('req_3')).toBe('readable')
})

test('a database that is away for a moment costs nothing, and one that stays away what was written meanwhile', async () => {
  const { keep, stateOf, disk, clock } = createDesk()
  disk.isGone = true
  const waits = keep('req_1', 'text')
  await turnUntil(() => clock.waiting > 0)
  disk.isGone = false
  clock.advance(1_000)
  expect(await waits).toMatchObject({ kept: 2, lost: 0 })
  expect(await stateOf('req_1')).toBe('readable')
  disk.isGone = true
  let isDone = false
  const gives = keep('req_2', 'text').finally(() => (isDone = true))
  for (let second = 0; second < 9; second++) {
    await turnUntil(() => clock.waiting > 0)
    clock.advance(1_000)
  }
  await turnUntil(() => isDone)
  expect(await gives).toMatchObject({ kept: 0, lost: 2, failure: 'connection terminated' })
})

test('what waits is given back to the queue to the last byte, whatever becomes of it', async () => {
  const { keeper, disk, open } = createDesk()
  let handed = 0
  let released = 0
  const bytes = randomBytes(300)
  for (const [exchange, isFull] of [true, false, true].entries()) {
    disk.isFull = isFull
    keeper.take({ kind: 'begin', exchange, opening: open(`req_${exchange}`), bytes })
    for (let count = 0; count < 3; count++) {
      keeper.take({ kind: 'part', exchange, part: 'response', ordinal: 0, bytes })
      handed += bytes.length
    }
    released += (await keeper.work()).bytes
    if (exchange === 2) keeper.abandon(() => true)
    keeper.take({ kind: 'part', exchange, part: 'response', ordinal: 0, bytes })
    keeper.take({ kind: 'end', exchange, bytes: Buffer.from('{}'), dropped: [] })
    handed += bytes.length * 2 + 2
    released += (await keeper.work()).bytes
  }
  keeper.take({ kind: 'part', exchange: 99, part: 'response', ordinal: 0, bytes })
  released += (await keeper.work()).bytes
  expect(released).toBe(handed + bytes.length)
  expect(keeper.isBusy()).toBe(false)
})

test('without a key nothing is kept, and with one everything is again', async () => {
  const { keep, stateOf, vault } = createDesk()
  vault.isGone = true
  expect(await keep('req_1', 'text')).toMatchObject({ kept: 0, lost: 2, failure: 'the store is gone' })
  vault.isGone = false
  expect(await keep('req_2', 'text')).toMatchObject({ kept: 2, lost: 0 })
  expect(await stateOf('req_2')).toBe('readable')
})

test('more sessions than fit in memory are all kept, with what is held bounded', async () => {
  const { keep, stateOf, chapters } = createDesk({ memoryBytesMax: 100_000 })
  for (let turn = 0; turn < 3; turn++) {
    for (let session = 0; session < 20; session++) {
      await keep(`req_${turn}_${session}`, `${session} ${'word '.repeat(5_000)} ${turn}`, `ses_${session}`)
    }
  }
  expect(chapters.size).toBeLessThanOrEqual(20)
  for (let session = 0; session < 20; session++) expect(await stateOf(`req_2_${session}`)).toBe('readable')
})

test('nothing is kept by rules that cannot be read, rather than everything', async () => {
  const { keep } = createDesk({ rules: { content: 'masked', masking: [{ name: 'no such rule' }] } })
  expect(await keep('req_1', 'text')).toMatchObject({ kept: 0, lost: 2 })
})

interface DeskOptions {
  readonly memoryBytesMax?: number
  readonly rules?: object
}

/** A keeper on shelves in memory, whose disk and whose keys can fail. */
function createDesk({ memoryBytesMax = 1e9, rules }: DeskOptions = {}) {
  const clock = createManualClock()
  const disk = { isFull: false, isGone: false }
  const vault = { isGone: false }
  const shelves = createMemoryShelves(disk)
  const fetch = async () => {
    if (vault.isGone) throw new Error('the store is gone')
    return { id: 'key', bytes: KEY }
  }
  const keys = createKeyRing({ clock, fetch })
  const maskers = createMaskers()
  const chapters = createChapters({ memoryBytesMax, maskOf: maskers.maskOf })
  const keeper = createKeeper({ clock, shelves, chapters, keys, maskers, turns: createTurnReader() })
  const reader = createShelfReader({ clock, shelves, keys })
  let exchanges = 0

  return { clock, keeper, chapters, disk, vault, open, keep, stateOf }

  function open(exchangeId: string, scope = 'ses_1') {
    return {
      exchangeId,
      endpoint: 'messages' as const,
      workspaceId: 'ws_a',
      scope,
      agentId: undefined,
      receivedAt: 0,
      shelf: SHELF,
      rules: { content: 'full' as const, contentDays: 30 as const, masking: [], searchable: false, ...rules },
    }
  }

  /** Each line of the text is a message, so that another body can have it too. */
  async function keep(exchangeId: string, text: string, scope?: string) {
    exchanges += 1
    const messages = text.split('\n').map((content) => ({ role: 'user', content }))
    const bytes = Buffer.from(JSON.stringify({ messages }))
    keeper.take({ kind: 'begin', exchange: exchanges, opening: open(exchangeId, scope), bytes })
    keeper.take({ kind: 'end', exchange: exchanges, bytes: Buffer.from('{}'), dropped: [] })
    return await keeper.work()
  }

  async function stateOf(exchangeId: string): Promise<string> {
    const reference: BodyReference = { exchangeId, workspaceId: 'ws_a', state: 'full', shelf: SHELF }
    return (await reader.read(reference, 'client_request', 0)).state
  }
}

const KEY = randomBytes(32)

/** Lets everything go on that waits for no clock. */
async function turnUntil(isSo: () => boolean): Promise<void> {
  for (let turn = 0; turn < 1_000 && !isSo(); turn++) await new Promise(setImmediate)
  expect(isSo()).toBe(true)
}

function createMemoryShelves(disk: { readonly isFull: boolean; readonly isGone: boolean }): BodyShelves {
  const kept: ShelfBatch[] = []
  const all = <Name extends keyof ShelfBatch>(name: Name) =>
    kept.flatMap((batch) => [...batch[name]]) as ShelfBatch[Name][number][]
  const unasked = () => Promise.reject(new Error('This test does not ask for that.'))
  return {
    async put(_, { chapters, segments, manifests, words }) {
      if (disk.isGone) throw new StoreError('connection terminated', 'gone')
      if (disk.isFull) throw new StoreError('database or disk is full', 'full')
      kept.push({ chapters: [...chapters], segments: [...segments], manifests: [...manifests], words: [...words] })
    },
    manifests: async (shelf, id) =>
      shelf === SHELF ? all('manifests').filter(({ exchangeId }) => exchangeId === id) : [],
    chapter: async (_, id) => all('chapters').find((chapter) => chapter.id === id),
    segments: async (_, id, seqs) => all('segments').filter(({ chapter, seq }) => chapter === id && seqs.includes(seq)),
    list: async () => [SHELF],
    findWords: unasked,
    manifestsOf: unasked,
    deleteScope: unasked,
    deleteExchange: unasked,
    forgetWords: unasked,
    scopes: unasked,
    moveScope: unasked,
    drop: unasked,
    close: async () => {},
  }
}
