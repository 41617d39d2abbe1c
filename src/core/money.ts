/**
 * Money is counted in nano-dollars (1 USD = 1,000,000,000 nanos) as `bigint`, from the price table to the edge of the API.
 * Floating point would make a sum of a million rows differ from the sum of their parts.
 */
export type Nanos = bigint

/** Nanos in one dollar. */
export const NANOS_PER_DOLLAR: Nanos = 1_000_000_000n

/** A decimal string of dollars, exact and without trailing zeros: `1500000n` is `"0.0015"`. */
export function formatDollars(nanos: Nanos): string {
  const sign = nanos < 0n ? '-' : ''
  const magnitude = nanos < 0n ? -nanos : nanos
  const whole = magnitude / NANOS_PER_DOLLAR
  const fraction = (magnitude % NANOS_PER_DOLLAR).toString().padStart(9, '0').replace(/0+$/, '')
  return fraction === '' ? `${sign}${whole}` : `${sign}${whole}.${fraction}`
}

/** Reads a decimal string of dollars with at most nine places; anything else is a `RangeError`. */
export function parseDollars(text: string): Nanos {
  const match = /^(-?)(\d{1,15})(?:\.(\d{1,9}))?$/.exec(text)
  if (match === null) throw new RangeError(`Not an amount of dollars with at most nine places: ${text}`)
  const [, sign, whole, fraction = ''] = match
  const nanos = BigInt(whole!) * NANOS_PER_DOLLAR + BigInt(fraction.padEnd(9, '0'))
  return sign === '-' ? -nanos : nanos
}
