import { NANOS_PER_DOLLAR, formatDollars, parseDollars, type Nanos } from '../core/money.ts'

/*
 * Amounts as the admin API writes them: dollars as a decimal number, or as a string where a number would not be exact; tokens and
 * requests as whole numbers.
 */

/** A billion dollars; nobody who writes more has meant it. */
const DOLLARS_MAX = 1_000_000_000n

/** More digits than this and a JSON number is no longer what was written. */
const EXACT_DIGITS = 15

const WHOLE_MAX = 1_000_000_000_000_000n

/** Nano-dollars of a JSON number or a string; a `RangeError` says what is wrong with it. */
export function readDollars(written: number | string): Nanos {
  const text = typeof written === 'number' ? decimalText(written) : written.trim()
  if (text.startsWith('-')) throw new RangeError('may not be negative')
  if (!/^\d{1,15}(?:\.\d+)?$/.test(text)) throw new RangeError('has to be an amount of dollars, such as 50 or "0.25"')
  if (!/^\d+(?:\.\d{1,9})?$/.test(text)) throw new RangeError('may have nine decimal places at most')
  const nanos = parseDollars(text)
  if (nanos > DOLLARS_MAX * NANOS_PER_DOLLAR) throw new RangeError(`may be ${DOLLARS_MAX} dollars at most`)
  return nanos
}

/** A whole number of tokens or requests, from a JSON number or a string. */
export function readWhole(written: number | string): bigint {
  const text = typeof written === 'number' ? String(written) : written.trim()
  if (text.startsWith('-')) throw new RangeError('may not be negative')
  if (!/^\d{1,15}$/.test(text)) {
    throw new RangeError(
      /^\d+\.\d+$/.test(text) ? 'has to be a whole number' : `has to be a whole number up to ${WHOLE_MAX}`,
    )
  }
  return BigInt(text)
}

/** Dollars as a number where that is exact, else as a string. */
export function writeDollars(nanos: Nanos): number | string {
  const text = formatDollars(nanos)
  return digitsOf(text) > EXACT_DIGITS ? text : Number(text)
}

/** The digits that were sent: JSON.parse has kept them as long as there are not too many. */
function decimalText(value: number): string {
  if (!Number.isFinite(value)) throw new RangeError('has to be a number')
  const shortest = String(value)
  const text = shortest.includes('e-') ? value.toFixed(20).replace(/0+$/, '') : shortest
  if (digitsOf(text) > EXACT_DIGITS) throw new RangeError('has too many digits for a number; write it as a string')
  return text
}

function digitsOf(text: string): number {
  return text.replace(/\D/g, '').replace(/^0+/, '').length
}
