import fc from 'fast-check'
import { expect, test } from 'vitest'
import { chooseOrder, optionNames, orderByWeight, type Share } from './choose.ts'
import { NO_SETTINGS, type LoadbalanceNode, type TargetNode } from './routing-config.ts'

const KEYS = Array.from({ length: 20_000 }, (_, index) => `session-${index}`)

const sharesArbitrary = fc
  .array(fc.constantFrom(0, 0.25, 1, 2, 10), { minLength: 1, maxLength: 8 })
  .map((weights): readonly Share[] => weights.map((weight, index) => ({ name: `option-${index}`, weight })))

test('each option is first as often as its weight says', () => {
  const shares = [
    { name: 'a', weight: 5 },
    { name: 'b', weight: 3 },
    { name: 'c', weight: 2 },
    { name: 'd', weight: 0 },
  ]
  const firsts = [0, 0, 0, 0]
  for (const key of KEYS) firsts[orderByWeight(shares, key)[0]!]! += 1
  // Three standard deviations of 20,000 draws are about one percent.
  expect(firsts[0]! / KEYS.length).toBeCloseTo(0.5, 1.5)
  expect(firsts[1]! / KEYS.length).toBeCloseTo(0.3, 1.5)
  expect(firsts[2]! / KEYS.length).toBeCloseTo(0.2, 1.5)
  expect(firsts[3]).toBe(0)
})

test('the second of the order is drawn by weight among those that are left', () => {
  const shares = [
    { name: 'a', weight: 5 },
    { name: 'b', weight: 3 },
    { name: 'c', weight: 1 },
  ]
  const orders = KEYS.map((key) => orderByWeight(shares, key)).filter(([first]) => first === 0)
  const secondIsB = orders.filter(([, second]) => second === 1).length
  expect(secondIsB / orders.length).toBeCloseTo(0.75, 1.5)
})

test('an option that joins takes keys only for itself, and only its share', () => {
  const before = ['a', 'b', 'c'].map((name) => ({ name, weight: 1 }))
  const after = [...before, { name: 'd', weight: 1 }]
  let moved = 0
  for (const key of KEYS) {
    const was = orderByWeight(before, key)
    const is = orderByWeight(after, key)
    if (is[0] === was[0]) continue
    moved += 1
    expect(is[0]).toBe(3)
    expect(is.filter((index) => index !== 3)).toEqual(was)
  }
  expect(moved / KEYS.length).toBeCloseTo(0.25, 1.5)
})

test('a key meets every option that takes traffic once, and no other', () => {
  fc.assert(
    fc.property(sharesArbitrary, fc.string(), (shares, key) => {
      const order = orderByWeight(shares, key)
      expect(order.toSorted((one, other) => one - other)).toEqual(
        shares.flatMap(({ weight }, index) => (weight > 0 ? [index] : [])),
      )
      expect(orderByWeight(shares, key)).toEqual(order)
    }),
  )
})

test('only the proportions of weights count', () => {
  fc.assert(
    fc.property(sharesArbitrary, fc.string(), (shares, key) => {
      const doubled = shares.map(({ name, weight }) => ({ name, weight: weight * 2 }))
      expect(orderByWeight(doubled, key)).toEqual(orderByWeight(shares, key))
    }),
  )
})

test('a target that moves within its list keeps its conversations', () => {
  const one = node([target('first', 0), target('second', 1), target('third', 2)])
  const turned = node([target('third', 0), target('first', 1), target('second', 2)])
  for (const key of KEYS.slice(0, 200)) {
    expect(chooseOrder(turned, key).map((index) => providerAt(turned, index))).toEqual(
      chooseOrder(one, key).map((index) => providerAt(one, index)),
    )
  }
})

test('two targets of one provider are told apart', () => {
  const names = optionNames([target('same', 0), target('same', 1), target('same', 2, 'named')])
  expect(new Set(names).size).toBe(3)
  expect(names[2]).toBe('named')
})

function target(provider: string, index: number, name?: string): TargetNode {
  return { kind: 'target', path: `config.targets[${index}]`, name, provider, settings: NO_SETTINGS }
}

function node(children: readonly TargetNode[]): LoadbalanceNode {
  return {
    kind: 'loadbalance',
    path: 'config',
    name: undefined,
    children,
    weights: children.map(() => 1),
    onStatusCodes: undefined,
    sticky: undefined,
  }
}

function providerAt(of: LoadbalanceNode, index: number): string | undefined {
  const child = of.children[index]
  return child?.kind === 'target' ? child.provider : undefined
}
