import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { asId } from '../../src/core/ids.ts'
import type { Sink } from '../../src/ledger/drain.ts'
import type { Row } from '../../src/ledger/journal-line.ts'
import { openBooks, type Books } from '../../src/records/books.ts'
import { createManualClock } from '../../src/testing/clock.ts'
import { sampleClosing, sampleOpening, sampleRecord } from '../../src/testing/sample-calls.ts'

/*
 * Any order of beginnings, ends, records, full disks, absent stores, clean ends and kills. A kill is a set of books that is
 * simply not used any more, and whose store no longer answers; the next life begins with a copy of its files.
 */

type Step =
  | { readonly do: 'open' | 'close' | 'pass' | 'end' | 'kill' | 'store away' | 'store back' | 'disk mended' }
  /** The disk takes this many more bytes. */
  | { readonly do: 'disk full'; readonly after: number }

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.constant<Step>({ do: 'open' }) },
    { weight: 6, arbitrary: fc.constant<Step>({ do: 'close' }) },
    { weight: 3, arbitrary: fc.constant<Step>({ do: 'pass' }) },
    { weight: 1, arbitrary: fc.constantFrom<Step[]>({ do: 'end' }, { do: 'kill' }, { do: 'kill' }) },
    { weight: 1, arbitrary: fc.constantFrom<Step[]>({ do: 'store away' }, { do: 'store back' }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('disk full' as const), after: fc.nat(2_000) }) },
    { weight: 1, arbitrary: fc.constant<Step>({ do: 'disk mended' }) },
  ),
  { maxLength: 60, size: 'max' },
)

test('whatever happens, each call that was opened is in the ledger exactly once', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (list) => {
      const world = await createWorld()
      try {
        for (const step of list) await world.take(step)
        await world.check()
      } finally {
        world.remove()
      }
    }),
    { numRuns: Number(process.env['LEDGER_RUNS'] ?? 150) },
  )
})

async function createWorld() {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), 'ledger-'))
  let folder = path.join(root, '0')
  const store = { ledger_calls: new Map<string, Row>(), exchanges: new Map<string, Row>() }
  let storeAway = false
  let room = Infinity
  let number = 0
  let lives = 1
  let life = await begin()

  /** Every call that was acknowledged, and the charge that its end was acknowledged with. */
  const opened = new Map<string, { closed: boolean; durable: boolean; life: object }>()
  const recorded = new Set<string>()
  const refused = new Set<string>()

  async function begin(): Promise<{ books: Books; clock: ReturnType<typeof createManualClock>; kill(): void }> {
    let dead = false
    const clock = createManualClock()
    const sink: Sink = {
      async insertMany(table, rows) {
        await Promise.resolve()
        if (dead) await new Promise(() => {})
        if (storeAway) throw new Error('the store is away')
        for (const row of rows as Row[]) if (!store[table].has(row.id)) store[table].set(row.id, row)
      },
    }
    const books = await openBooks({
      folder,
      sink,
      clock,
      log: { info() {}, warn() {}, error() {} },
      fileBytesMax: 3_000,
      write(descriptor, bytes, length) {
        if (room === 0) throw new Error('no space left on device')
        const written = fs.writeSync(descriptor, bytes, 0, Math.min(room, length))
        room -= written
        return written
      },
    })
    return { books, clock, kill: () => void (dead = true) }
  }

  async function kill(): Promise<void> {
    life.kill()
    const left = folder
    folder = path.join(root, `${lives++}`)
    fs.mkdirSync(folder)
    for (const name of fs.readdirSync(left)) {
      // A removal that the dead process had begun may still come true; it is one of a file that nobody needs.
      try {
        fs.copyFileSync(path.join(left, name), path.join(folder, name))
      } catch (error) {
        expect(error).toMatchObject({ code: 'ENOENT' })
      }
    }
    life = await begin()
  }

  return {
    async take(step: Step): Promise<void> {
      switch (step.do) {
        case 'open': {
          const id = `call_${number++}`
          try {
            life.books.ledger.open(sampleOpening(id))
          } catch {
            refused.add(id)
            break
          }
          opened.set(id, { closed: false, durable: false, life })
          break
        }
        case 'close': {
          // Of the calls that run, the one in the middle: neither always the oldest nor always the newest.
          const running = [...opened].filter(([, call]) => !call.closed && call.life === life)
          const chosen = running[running.length >> 1]
          if (chosen === undefined) break
          const [id, call] = chosen
          const failuresBefore = life.books.stats().journal.appendFailures
          life.books.ledger.close(asId(id), sampleClosing())
          call.closed = true
          call.durable = life.books.stats().journal.appendFailures === failuresBefore
          life.books.recorder.record(sampleRecord(`req_${id}`))
          if (life.books.stats().journal.appendFailures === failuresBefore) recorded.add(`req_${id}`)
          break
        }
        case 'pass':
          for (let n = 0; n < 4; n++) {
            life.clock.advance(100)
            await new Promise(setImmediate)
          }
          break
        case 'end':
          await life.books.close()
          life = await begin()
          break
        case 'kill':
          await kill()
          break
        case 'store away':
          storeAway = true
          break
        case 'store back':
          storeAway = false
          break
        case 'disk full':
          room = step.after
          break
        case 'disk mended':
          room = Infinity
      }
    },

    async check(): Promise<void> {
      storeAway = false
      room = Infinity
      await kill()
      await life.books.flush()

      expect([...store.ledger_calls.keys()].toSorted()).toEqual([...opened.keys()].toSorted())
      for (const [id, call] of opened) {
        const row = store.ledger_calls.get(id)!
        if (call.durable) expect(row).toMatchObject({ id, outcome: 'completed', cost_nanos: 750_000n })
        if (!call.closed) expect(row).toMatchObject({ id, interrupted_by: 'crash', cost_nanos: 450_000n })
      }
      for (const id of recorded) expect(store.exchanges.get(id)).toMatchObject({ id, outcome: 'completed' })
      for (const [id, call] of opened) {
        if (!call.closed) expect(store.exchanges.get(`req_${id}`)).toMatchObject({ interrupted_by: 'crash' })
      }
      for (const id of refused) expect(store.exchanges.has(`req_${id}`)).toBe(false)

      await life.books.close()
      expect(fs.readdirSync(folder)).toEqual([])
    },

    remove: () => fs.rmSync(root, { recursive: true }),
  }
}
