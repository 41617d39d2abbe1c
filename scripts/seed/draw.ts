/** Chance that comes out the same for the same seed. */
export interface Draw {
  /** From 0 up to, but not, 1. */
  number(): number
  /** A whole number from 0 up to, but not, `end`. */
  below(end: number): number
  between(from: number, to: number): number
  chance(share: number): boolean
  pick<Item>(items: readonly Item[]): Item
  /** By the weights that stand beside the items. */
  weighted<Item>(items: readonly (readonly [weight: number, item: Item])[]): Item
  /** Mostly near the middle, sometimes far above: how long answers, waits and sessions are. */
  skewed(middle: number, spread: number): number
  hex(digits: number): string
}

/** `seed` is any whole number. The generator is mulberry32: small, fast, and good enough for a company that is not there. */
export function createDraw(seed: number): Draw {
  let state = seed >>> 0
  return { number, below, between, chance, pick, weighted, skewed, hex }

  function number(): number {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  function below(end: number): number {
    return Math.floor(number() * end)
  }

  function between(from: number, to: number): number {
    return from + number() * (to - from)
  }

  function chance(share: number): boolean {
    return number() < share
  }

  function pick<Item>(items: readonly Item[]): Item {
    return items[below(items.length)]!
  }

  function weighted<Item>(items: readonly (readonly [number, Item])[]): Item {
    const total = items.reduce((sum, [weight]) => sum + weight, 0)
    let left = number() * total
    for (const [weight, item] of items) if ((left -= weight) < 0) return item
    return items.at(-1)![1]
  }

  function skewed(middle: number, spread: number): number {
    // The sum of three is bell-shaped enough.
    return middle * Math.exp((number() + number() + number() - 1.5) * spread)
  }

  function hex(digits: number): string {
    let text = ''
    while (text.length < digits) text += (number() * 2 ** 32).toString(16).split('.')[0]!.padStart(8, '0')
    return text.slice(0, digits)
  }
}
