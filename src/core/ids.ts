import { randomFillSync } from 'node:crypto'

declare const brand: unique symbol

/**
 * A machine name for one kind of thing. The brand exists for the compiler alone: an `Id<'key'>`
 * cannot be handed over where an `Id<'workspace'>` belongs.
 */
export type Id<Kind extends string> = string & { readonly [brand]: Kind }

/** Names an id that was read from a place which already knows its kind (a row, a checked request). */
export function asId<Kind extends string>(value: string): Id<Kind> {
  return value as Id<Kind>
}

/** Random bytes are drawn in bulk: a call per id into the random generator would show in a profile. */
const pool = Buffer.alloc(4096)
let poolUsed = pool.length

/** Where so many fresh random bytes begin in the pool. */
function draw(count: number): number {
  if (poolUsed + count > pool.length) {
    randomFillSync(pool)
    poolUsed = 0
  }
  const start = poolUsed
  poolUsed += count
  return start
}

/** A UUID version 7: sorts by the time it was made, so it doubles as a paging key. */
export function newId<Kind extends string>(nowMs: number): Id<Kind> {
  const start = draw(10)
  // Version and variant take the place of six random bits (RFC 9562, 5.7).
  pool[start] = 0x70 | (pool[start]! & 0x0f)
  pool[start + 2] = 0x80 | (pool[start + 2]! & 0x3f)
  const time = nowMs.toString(16).padStart(12, '0')
  const random = pool.toString('hex', start, start + 10)
  return asId(`${time.slice(0, 8)}-${time.slice(8)}-${random.slice(0, 4)}-${random.slice(4, 8)}-${random.slice(8)}`)
}

/**
 * A request id such as `req_019ab3f2c4d01f2e3d4c5b6a79881726`: 12 hex digits of time, so that ids sort, then 80 random bits.
 * It travels to the client as `request-id`, which Claude Code writes into its own telemetry.
 */
export function newRequestId(nowMs: number): Id<'request'> {
  const start = draw(10)
  return asId(`req_${nowMs.toString(16).padStart(12, '0')}${pool.toString('hex', start, start + 10)}`)
}
