import type { Entry } from '../../contract/read-organisation.ts'

/* When two values of a member are the same, however they are written. */

/** What a limit is when it says nothing else. */
const USUAL: Entry = {
  enforcement: 'hard',
  mode: 'strict',
  enabled: true,
  is_default: false,
  is_custom: false,
  is_finetune: false,
  excludes: false,
  status: 'active',
  time_zone: 'UTC',
  error_format: 'anthropic',
}

/** Amounts may be written as numbers or as decimal text. */
const AMOUNTS = new Set(['credit_limit', 'alert_threshold', 'alert_thresholds', 'value'])

/** Lists whose order says nothing. */
const SETS = new Set([
  'scopes',
  'events',
  'alert_emails',
  'models',
  'usage_limits',
  'rate_limits',
  'group_by',
  'conditions',
  'alert_thresholds',
  'to',
])

/** Whether a member is already as a file wants it. Null, nothing, an empty list and the usual value are the same. */
export function isSame(member: string, wanted: unknown, actual: unknown): boolean {
  return canonical(member, wanted) === canonical(member, actual)
}

/** A text that is equal for equal values; empty for nothing. */
export function canonical(member: string, value: unknown): string {
  if (value === null || value === undefined || value === USUAL[member]) return ''
  // A routing document says what it says: its order counts, and what is empty in it may mean something.
  if (member === 'config' && typeof value !== 'string') return writeSorted(value)
  if (AMOUNTS.has(member) && !Array.isArray(value)) return decimal(value)
  if (member === 'expires_at' && typeof value === 'string') return String(Date.parse(value))
  if (member === 'provider' && typeof value === 'string') return value.replace(/^@?/, '@')
  if (member === 'is_default' || member === 'allow_config_override') return String(value === true || value === 1)
  if (Array.isArray(value)) {
    const items = value.map((item) => canonical(AMOUNTS.has(member) ? 'value' : '', item))
    return items.length === 0 ? '' : `[${(SETS.has(member) ? items.toSorted() : items).join()}]`
  }
  if (SETS.has(member) && typeof value === 'object') return canonical(member, [value])
  if (typeof value !== 'object') return JSON.stringify(value)
  if (Object.hasOwn(value, 'credit_limit')) return canonicalBudget(value as Entry)
  const members = Object.entries(value)
    .map(([name, inner]) => [name, canonical(name, inner)] as const)
    .filter(([, text]) => text !== '')
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
  // A workspace that may use an account without limits of its own is still named.
  if (member === 'workspaces') return `{${Object.keys(value).toSorted().join()}}${members.join()}`
  return members.length === 0 ? '' : `{${members.map(([name, text]) => `${name}:${text}`).join()}}`
}

/** A budget is one of money unless it says something else, and one threshold is a list of one. */
function canonicalBudget({
  credit_limit: amount,
  alert_threshold: one,
  alert_thresholds: several,
  ...terms
}: Entry): string {
  const { type = 'cost', ...others } = terms
  const thresholds = several ?? (one === undefined || one === null ? [] : [one])
  return [String(type), decimal(amount), canonical('alert_thresholds', thresholds), canonical('', others)].join(' ')
}

function decimal(value: unknown): string {
  const text = String(value)
  return /^-?\d+(\.\d+)?$/.test(text) ? text.replace(/(\.\d*?)0+$/, '$1').replace(/\.$/, '') : text
}

function writeSorted(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(writeSorted).join()}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1))
  return `{${members.map(([name, inner]) => `${JSON.stringify(name)}:${writeSorted(inner)}`).join()}}`
}
