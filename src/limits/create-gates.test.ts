import { array, asyncProperty, assert as check, constantFrom, integer, nat, oneof, record, constant } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createManualClock } from '../testing/clock.ts'
import { createGates } from './create-gates.ts'
import type { Lane } from './limit.ts'
import type { Jam, Pass } from './rates.ts'

const WAIT = 5_000

describe('gates', () => {
  it('let so many in at once, and the next one when somebody leaves', async () => {
    const { gates } = build()
    const first = gates.enter([lane('a', 1)], never())
    const second = gates.enter([lane('a', 1)], never())
    expect(second).toBeInstanceOf(Promise)
    leave(first)
    expect(await second).toMatchObject({ kind: 'pass' })
  })

  it('refuse whoever has waited for as long as they let somebody wait', async () => {
    const { gates, clock } = build()
    void gates.enter([lane('a', 1)], never())
    const second = gates.enter([lane('a', 1)], never())
    clock.advance(WAIT)
    expect(await second).toMatchObject({ kind: 'jam', lane: lane('a', 1) })
    expect(clock.waiting).toBe(0)
  })

  it('let in whoever came first', async () => {
    const { gates } = build()
    const inside = gates.enter([lane('a', 1)], never())
    const order: number[] = []
    const waiting = [1, 2, 3].map(async (n) => {
      const pass = (await gates.enter([lane('a', 1)], never())) as Pass
      order.push(n)
      pass.leave()
    })
    leave(inside)
    await Promise.all(waiting)
    expect(order).toEqual([1, 2, 3])
  })

  it('do not let one full lane keep others waiting who do not go there', () => {
    const { gates } = build()
    void gates.enter([lane('key', 1), lane('all', 10)], never())
    expect(gates.enter([lane('key', 1), lane('all', 10)], never())).toBeInstanceOf(Promise)
    expect(gates.enter([lane('all', 10)], never())).toMatchObject({ kind: 'pass' })
  })

  it('keep the place of somebody who has to go on waiting at another lane', async () => {
    const { gates } = build()
    const inKey = gates.enter([lane('key', 1)], never())
    const inAll = gates.enter([lane('all', 1)], never())
    const first = gates.enter([lane('key', 1), lane('all', 1)], never())
    const second = gates.enter([lane('all', 1)], never())
    leave(inKey)
    leave(inAll)
    const pass = await first
    expect(pass.kind).toBe('pass')
    leave(pass as Pass)
    expect((await second).kind).toBe('pass')
  })

  it('refuse at once when too many wait already, or when nobody is ever let in', async () => {
    const { gates } = build({ waitersMax: 1 })
    void gates.enter([lane('a', 1)], never())
    void gates.enter([lane('a', 1)], never())
    expect(await gates.enter([lane('a', 1)], never())).toMatchObject({ kind: 'jam' })
    expect(await gates.enter([lane('b', 0)], never())).toMatchObject({ kind: 'jam', waitMs: Infinity })
  })

  it('let nobody wait whose client has left', async () => {
    const { gates, clock } = build()
    const inside = gates.enter([lane('a', 1)], never())
    const departure = new AbortController()
    const waiting = gates.enter([lane('a', 1)], departure.signal)
    departure.abort()
    expect((await waiting).kind).toBe('jam')
    expect((await gates.enter([lane('a', 1)], departure.signal)).kind).toBe('jam')
    expect(clock.waiting).toBe(0)
    leave(inside)
    expect(gates.enter([lane('a', 1)], never())).toMatchObject({ kind: 'pass' })
  })

  it('take a pass back once', () => {
    const { gates } = build()
    const first = gates.enter([lane('a', 2)], never())
    void gates.enter([lane('a', 2)], never())
    leave(first)
    leave(first)
    void gates.enter([lane('a', 2)], never())
    expect(gates.enter([lane('a', 2)], never())).toBeInstanceOf(Promise)
  })

  it('follow a value that is raised, first of all for those who wait', async () => {
    const { gates } = build()
    void gates.enter([lane('a', 1)], never())
    const waiting = gates.enter([lane('a', 1)], never())
    const newcomer = gates.enter([lane('a', 2)], never())
    expect((await waiting).kind).toBe('pass')
    expect(newcomer).toBeInstanceOf(Promise)
  })

  it('are open where nothing limits how many run at once', () => {
    const { gates } = build()
    const windowOnly: Lane = { ...lane('a', 0), rate: { ...lane('a', 0).rate, unit: 'requests', windowMs: 60_000 } }
    expect(gates.enter([windowOnly], never())).toMatchObject({ kind: 'pass' })
  })
})

it('never let in more than the limit, and take every pass back, whatever happens in which order', async () => {
  const enter = record({ kind: constant('enter' as const), lanes: constantFrom('a', 'b', 'ab', 'bc', 'abc') })
  const other = record({ kind: constantFrom('leave' as const, 'abort' as const), who: nat(20) })
  const wait = record({ kind: constant('wait' as const), ms: integer({ min: 1, max: 6_000 }) })
  const limits: Readonly<Record<string, number>> = { a: 1, b: 2, c: 3 }
  await check(
    asyncProperty(array(oneof(enter, enter, other, wait), { maxLength: 80 }), async (steps) => {
      const { gates, clock } = build()
      const inside = new Map<Pass, string>()
      const departures: AbortController[] = []
      const count = (name: string) => [...inside.values()].filter((lanes) => lanes.includes(name)).length
      for (const step of steps) {
        switch (step.kind) {
          case 'enter': {
            const departure = new AbortController()
            departures.push(departure)
            const note = (answer: Pass | Jam) => {
              if (answer.kind === 'pass') inside.set(answer, step.lanes)
            }
            const answer = gates.enter(
              step.lanes.split('').map((name) => lane(name, limits[name]!)),
              departure.signal,
            )
            if (answer instanceof Promise) void answer.then(note)
            else note(answer)
            break
          }
          case 'leave': {
            const pass = [...inside.keys()][step.who]
            if (pass === undefined) break
            inside.delete(pass)
            pass.leave()
            break
          }
          case 'abort':
            departures[step.who]?.abort()
            break
          case 'wait':
            clock.advance(step.ms)
        }
        await Promise.resolve()
        await Promise.resolve()
        for (const name of ['a', 'b', 'c']) expect(count(name)).toBeLessThanOrEqual(limits[name]!)
      }
      // Whoever still waits gives up, everybody inside leaves: then there is room for all again.
      clock.advance(WAIT)
      await Promise.resolve()
      for (let passes = [...inside.keys()]; passes.length > 0; passes = [...inside.keys()]) {
        for (const pass of passes) {
          inside.delete(pass)
          pass.leave()
        }
        await Promise.resolve()
      }
      for (const name of ['a', 'b', 'c']) {
        for (let n = 0; n < limits[name]!; n += 1) {
          expect(gates.enter([lane(name, limits[name]!)], never())).toMatchObject({ kind: 'pass' })
        }
      }
      expect(clock.waiting).toBe(0)
    }),
    { numRuns: 300 },
  )
})

function build({ waitersMax = 100 } = {}) {
  const clock = createManualClock()
  return { clock, gates: createGates({ clock, waitMs: WAIT, waitersMax }) }
}

function lane(id: string, value: number): Lane {
  return {
    rate: {
      kind: 'rate',
      id,
      level: 'key',
      of: `key “${id}”`,
      workspaceId: undefined,
      unit: 'concurrency',
      value,
      windowMs: 0,
    },
    bucket: id,
  }
}

function never(): AbortSignal {
  return new AbortController().signal
}

function leave(pass: Pass | Promise<Pass | Jam>): void {
  if (pass instanceof Promise || pass.kind !== 'pass') throw new Error('Nobody is inside.')
  pass.leave()
}
