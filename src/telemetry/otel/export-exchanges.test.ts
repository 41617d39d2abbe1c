import { expect, test } from 'vitest'
import { createManualClock } from '../../testing/clock.ts'
import { tracedExchange } from '../../testing/traced-exchange.ts'
import { createExchangeExport, type Exporter } from './export-exchanges.ts'
import type { TracedExchange } from './traced-exchange.ts'

/** An exporter whose batches end when the test says so. */
function open() {
  const clock = createManualClock()
  const batches: { readonly ids: string[]; readonly done: PromiseWithResolvers<void> }[] = []
  const reports: unknown[] = []
  let isClosed = false
  const exporter: Exporter = {
    send(exchanges) {
      const done = Promise.withResolvers<void>()
      batches.push({ ids: exchanges.map(({ id }) => id), done })
      return done.promise
    },
    close() {
      isClosed = true
      return Promise.resolve()
    },
  }
  const exported = createExchangeExport({ clock, exporter, report: (problem) => reports.push(problem) })
  const kept: TracedExchange[] = []
  const recorder = exported.watch<TracedExchange>({ record: (each) => void kept.push(each) })
  const record = (count: number) => {
    for (let at = 0; at < count; at++) recorder.record(tracedExchange({ id: `req_${kept.length}` }))
  }
  return { clock, batches, reports, exported, kept, record, isClosed: () => isClosed }
}

const settled = () => new Promise<void>((resolve) => setImmediate(resolve))

test('records go on at once; they are told in batches, one on its way at a time', async () => {
  const { clock, batches, exported, kept, record } = open()
  record(100)
  expect(kept).toHaveLength(100)
  expect(batches).toHaveLength(0)
  clock.advance(1_000)
  expect(batches).toHaveLength(1)
  batches[0]!.done.resolve()
  await settled()
  batches[1]!.done.resolve()
  await settled()
  expect(batches.map(({ ids }) => ids.length)).toEqual([64, 36])
  expect(exported.numbers()).toEqual({ pending: 0, exported: 100, dropped: 0, failed: 0 })
})

test('what comes while a batch is on its way is told after it, without a further wait', async () => {
  const { clock, batches, record } = open()
  record(1)
  clock.advance(1_000)
  record(2)
  batches[0]!.done.resolve()
  await settled()
  expect(batches[1]!.ids).toEqual(['req_1', 'req_2'])
})

test('what a dead collector does not take is counted, and told once', async () => {
  const { clock, batches, reports, exported, record } = open()
  for (let at = 0; at < 3; at++) {
    record(1)
    clock.advance(1_000)
    batches[at]!.done.reject(new Error('connect ECONNREFUSED'))
    await settled()
  }
  expect(exported.numbers()).toMatchObject({ pending: 0, exported: 0, failed: 3 })
  expect(reports).toHaveLength(1)
})

test('a slow collector has no more wait than there is room for; all records go on', () => {
  const { clock, exported, kept, record } = open()
  record(1)
  clock.advance(1_000)
  record(10_005)
  expect(kept).toHaveLength(10_006)
  expect(exported.numbers()).toMatchObject({ pending: 10_000, dropped: 5 })
})

test('a stop sends what waits, then lets go', async () => {
  const { batches, exported, record, isClosed } = open()
  record(3)
  const stopped = exported.stop()
  batches[0]!.done.resolve()
  await stopped
  expect(batches[0]!.ids).toHaveLength(3)
  expect(isClosed()).toBe(true)
  expect(exported.numbers()).toMatchObject({ exported: 3, dropped: 0 })
})

test('a stop does not wait for a collector that says nothing', async () => {
  const { clock, exported, record } = open()
  record(70)
  const stopped = exported.stop()
  clock.advance(5_000)
  await stopped
  expect(exported.numbers()).toMatchObject({ pending: 0, exported: 0, dropped: 6 })
})
