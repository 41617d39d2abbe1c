import { randomBytes, randomFillSync } from 'node:crypto'

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

/** A UUID version 7: sorts by the time it was made, so it doubles as a paging key. */
export function newId<Kind extends string>(nowMs: number): Id<Kind> {
  const bytes = randomBytes(16)
  bytes.writeUIntBE(nowMs, 0, 6)
  bytes[6] = 0x70 | (bytes[6]! & 0x0f)
  bytes[8] = 0x80 | (bytes[8]! & 0x3f)
  const hex = bytes.toString('hex')
  return asId(
    `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`,
  )
}

/** Random bytes are drawn in bulk: one call per request into the kernel would show in a profile. */
const pool = Buffer.alloc(4096)
let poolUsed = pool.length

/**
 * A request id such as `req_019ab3f2c4d01f2e3d4c5b6a79881726`: 12 hex digits of time, so that ids sort, then 80 random bits.
 * It travels to the client as `request-id`, which Claude Code writes into its own telemetry.
 */
export function newRequestId(nowMs: number): Id<'request'> {
  if (poolUsed + 10 > pool.length) {
    randomFillSync(pool)
    poolUsed = 0
  }
  const random = pool.toString('hex', poolUsed, poolUsed + 10)
  poolUsed += 10
  return asId(`req_${nowMs.toString(16).padStart(12, '0')}${random}`)
}
