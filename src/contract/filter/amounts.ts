import type { Bound, Bounds } from './filter.ts'
import type { Unit } from './fields.ts'

/*
 * Numbers with units: `>4s`, `1k..5k`, `<60%`, `4xx`. Read into the field's own unit (dollars, milliseconds, percent, bytes, a
 * count) and written back in the one that is shortest.
 */

/** What a suffix multiplies by, by unit of the field. */
const SUFFIXES: Readonly<Record<Unit, Readonly<Record<string, number>>>> = {
  count: { k: 1e3, m: 1e6 },
  status: {},
  dollars: { $: 1, k: 1e3, m: 1e6 },
  milliseconds: { ms: 1, s: 1e3, m: 6e4, min: 6e4, h: 36e5 },
  percent: { '%': 1 },
  bytes: { b: 1, k: 1e3, kb: 1e3, m: 1e6, mb: 1e6 },
}

/** Duration without a unit would be a guess between seconds and milliseconds. */
const NEEDS_SUFFIX: ReadonlySet<Unit> = new Set(['milliseconds'])

/** Twelve digits before the point and nine behind it survive as a double to well below a cent, or a millisecond. */
const NUMBER = /^(\d{1,12}(?:\.\d{1,9})?)([a-z$%]*)$/

/** Understood, or a sentence that says what to write instead. */
export function readBounds(text: string, unit: Unit): Bounds | string {
  if (unit === 'status' && /^[1-5]xx$/i.test(text)) {
    const hundred = Number(text[0]) * 100
    return { from: { value: hundred, included: true }, to: { value: hundred + 99, included: true } }
  }
  const comparison = /^(>=|<=|>|<|=)(.*)$/.exec(text)
  if (comparison !== null) {
    const [, sign = '', rest = ''] = comparison
    const value = readAmount(rest, unit)
    if (typeof value === 'string') return value
    const bound = { value, included: sign.includes('=') }
    if (sign === '=') return { from: bound, to: bound }
    return sign.startsWith('>') ? { from: bound } : { to: bound }
  }
  const gap = text.indexOf('..')
  if (gap === -1) {
    const value = readAmount(text, unit)
    if (typeof value === 'string') return value
    return { from: { value, included: true }, to: { value, included: true } }
  }
  return readRange(text.slice(0, gap), text.slice(gap + 2), unit)
}

function readRange(first: string, last: string, unit: Unit): Bounds | string {
  if (first === '' && last === '') return 'A range needs at least one end, such as 10..20 or 10.. .'
  const from = first === '' ? undefined : readAmount(first, unit)
  const to = last === '' ? undefined : readAmount(last, unit)
  if (typeof from === 'string') return from
  if (typeof to === 'string') return to
  if (from !== undefined && to !== undefined && from > to) return 'The range ends before it begins; swap its ends.'
  return {
    ...(from !== undefined && { from: { value: from, included: true } }),
    ...(to !== undefined && { to: { value: to, included: true } }),
  }
}

function readAmount(text: string, unit: Unit): number | string {
  const match = NUMBER.exec(text.toLowerCase().replace(/^\$/, unit === 'dollars' ? '' : '$'))
  const [, digits = '', suffix = ''] = match ?? []
  const factor = suffix === '' ? 1 : SUFFIXES[unit][suffix]
  if (match === null || factor === undefined) return `${JSON.stringify(text.slice(0, 40))} is ${EXPECTED[unit]}`
  const amount = tidy(Number(digits) * factor)
  if (suffix === '' && amount !== 0 && NEEDS_SUFFIX.has(unit)) return `Say in which unit: ${digits}s or ${digits}ms.`
  return amount
}

const EXPECTED: Readonly<Record<Unit, string>> = {
  count: 'not a number such as 500, 20k or 1.5m.',
  status: 'not a status such as 429, 4xx or >=400.',
  dollars: 'not an amount of dollars such as 0.50 or $20.',
  milliseconds: 'not a duration such as 800ms, 4s or 2m.',
  percent: 'not a percentage such as 60%.',
  bytes: 'not a size such as 500, 20k or 1.5m.',
}

/** As short as it can be said. */
export function writeBounds({ from, to }: Bounds, unit: Unit): string {
  if (from === undefined) return to === undefined ? '..' : writeEnd(to, '<', unit)
  if (to === undefined) return writeEnd(from, '>', unit)
  if (from.value === to.value) return writeAmount(from.value, unit)
  if (unit === 'status' && from.value % 100 === 0 && to.value === from.value + 99) return `${from.value / 100}xx`
  return `${writeAmount(from.value, unit)}..${writeAmount(to.value, unit)}`
}

function writeEnd({ value, included }: Bound, sign: '<' | '>', unit: Unit): string {
  return `${sign}${included ? '=' : ''}${writeAmount(value, unit)}`
}

/** In the largest unit that needs no more than one place behind the point. */
export function writeAmount(value: number, unit: Unit): string {
  switch (unit) {
    case 'milliseconds':
      return (
        scale(value, [
          ['m', 6e4],
          ['s', 1e3],
        ]) ?? `${plain(value)}ms`
      )
    case 'count':
    case 'bytes':
      return (
        scale(value, [
          ['m', 1e6],
          ['k', 1e3],
        ]) ?? plain(value)
      )
    case 'percent':
      return `${plain(value)}%`
    case 'dollars':
    case 'status':
      return plain(value)
  }
}

function scale(value: number, units: readonly (readonly [string, number])[]): string | undefined {
  for (const [suffix, factor] of units) {
    if (value >= factor && Number.isInteger((value / factor) * 10)) return `${plain(value / factor)}${suffix}`
  }
  return undefined
}

/** Without an exponent, which nobody writes into a filter. */
function plain(value: number): string {
  const text = String(value)
  return text.includes('e') ? value.toFixed(9).replace(/\.?0+$/, '') : text
}

/** A product such as 1.1 × 1000 is off by a little; nine places are more than anybody has written. */
function tidy(value: number): number {
  return value >= 1e6 ? Math.round(value * 1e3) / 1e3 : Math.round(value * 1e9) / 1e9
}
