import { expect, onTestFinished, test } from 'vitest'
import { keepRollUps } from '../../src/store/rollups/keep-roll-ups.ts'
import { readRollUpState } from '../../src/store/rollups/read-state.ts'
import { createManualClock } from '../../src/testing/clock.ts'
import { backends } from './backends.ts'
import { exchangeRow } from './rows.ts'

test('the roll-ups follow the zone of the organisation, at the start and later on', async () => {
  const place = await backends[0]!.makePlace()
  const store = await place.open()
  const clock = createManualClock()
  const problems: unknown[] = []
  let zone = 'Europe/Berlin'
  const keeper = keepRollUps({ db: store.db, clock, zone: () => zone, report: (problem) => problems.push(problem) })
  onTestFinished(async () => {
    await keeper.stop()
    await store.close()
    await place.clear()
  })
  const rows = Array.from({ length: 1_200 }, (_, at) => exchangeRow({ id: `req_${at}`, received_at: at * 60_000 }))
  await store.insertMany('exchanges', rows)

  await settled()
  expect(await readRollUpState(store.db)).toEqual({ zone: 'Europe/Berlin' })
  zone = 'Asia/Kolkata'
  clock.advance(60_000)
  await settled()
  expect(await readRollUpState(store.db)).toEqual({ zone: 'Asia/Kolkata' })
  const { requests } = await store.db
    .selectFrom('usage_hours')
    .select(({ fn }) => fn.sum<number>('requests').as('requests'))
    .executeTakeFirstOrThrow()
  expect(requests).toBe(1_200)
  expect(problems).toEqual([])

  /** Between its steps the keeper waits for the clock. */
  async function settled(): Promise<void> {
    let isSettled = false
    const settling = keeper.settle().then(() => (isSettled = true))
    while (!isSettled) {
      clock.advance(20)
      await new Promise((resolve) => setImmediate(resolve))
    }
    await settling
  }
})
