import { COUNT_COLUMNS, USAGE_COLUMNS } from './rollups/tables.ts'
import type { Sums } from './usage.ts'

/* Arithmetic of sums of usage. */

const NUMBERS = [...COUNT_COLUMNS, ...USAGE_COLUMNS.filter((name) => name !== 'cost_nanos')] as const

export const NO_SUMS: Sums = combine(() => 0, 0n)

export function addSums(one: Sums, other: Sums): Sums {
  return combine((name) => one[name] + other[name], one.cost_nanos + other.cost_nanos)
}

export function subtractSums(one: Sums, other: Sums): Sums {
  return combine((name) => one[name] - other[name], one.cost_nanos - other.cost_nanos)
}

function combine(number: (name: (typeof NUMBERS)[number]) => number, cost: bigint): Sums {
  const sums: Record<string, number | bigint> = { cost_nanos: cost }
  for (const name of NUMBERS) sums[name] = number(name)
  return sums as unknown as Sums
}
