import { isObject } from '../core/is-object.ts'

/* OTLP's JSON as plain objects, read without trust: what is not as it should be is not there. */

export type Scalar = string | number | boolean

/** The objects of a list that is somewhere below, such as every log record of every scope of every resource. */
export function below(
  items: readonly unknown[],
  ...path: readonly string[]
): readonly Readonly<Record<string, unknown>>[] {
  let found = items.filter(isObject)
  for (const name of path) {
    found = found.flatMap((each) => (Array.isArray(each[name]) ? (each[name] as unknown[]).filter(isObject) : []))
  }
  return found
}

/** Attributes by their names; those whose values nest are left out. */
export function attributesOf({ attributes }: Readonly<Record<string, unknown>>): ReadonlyMap<string, Scalar> {
  const read = new Map<string, Scalar>()
  if (!Array.isArray(attributes)) return read
  for (const each of attributes.slice(0, ATTRIBUTES_MAX)) {
    if (!isObject(each) || typeof each['key'] !== 'string') continue
    const value = scalarOf(each['value'])
    if (value !== undefined) read.set(each['key'], value)
  }
  return read
}

/** Of one record or data point; Claude Code sends about twenty. */
const ATTRIBUTES_MAX = 128

/** Whole numbers come as strings, because JSON's numbers are too short for 64 bits. */
export function scalarOf(value: unknown): Scalar | undefined {
  if (!isObject(value)) return undefined
  const { stringValue, boolValue, intValue, doubleValue } = value
  if (typeof stringValue === 'string') return stringValue
  if (typeof boolValue === 'boolean') return boolValue
  return numberOf(intValue) ?? numberOf(doubleValue)
}

/** A finite number, or the text of one. */
export function numberOf(value: unknown): number | undefined {
  if (typeof value !== 'number' && (typeof value !== 'string' || !/^-?\d{1,20}$/.test(value))) return undefined
  const number = Number(value)
  return Number.isFinite(number) ? number : undefined
}

/** Nanoseconds since the epoch as milliseconds; undefined for none, and for what is not of about now. */
export function momentOf(nanos: unknown, now: number): number | undefined {
  const ms = Math.floor((numberOf(nanos) ?? 0) / 1e6)
  return ms >= now - PAST_MAX_MS && ms <= now + FUTURE_MAX_MS ? ms : undefined
}

/** A laptop that was asleep sends what it has kept; nobody's clock is a day ahead. */
const PAST_MAX_MS = 30 * 86_400_000
const FUTURE_MAX_MS = 86_400_000
