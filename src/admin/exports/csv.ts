/**
 * A line of CSV (RFC 4180). Objects are told as JSON. A text that a spreadsheet would take for a formula gets an apostrophe before
 * it: what developers write must not compute on the machine of whoever reads it.
 */
export function writeCsvLine(values: readonly unknown[]): string {
  return `${values.map(writeCell).join(',')}\r\n`
}

const FORMULA = /^[=+\-@\t\r]/
const SPECIAL = /[",\r\n]/

function writeCell(value: unknown): string {
  if (value === null || value === undefined) return ''
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  const safe = FORMULA.test(text) ? `'${text}` : text
  return SPECIAL.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
