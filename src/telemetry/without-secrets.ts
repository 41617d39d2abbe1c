import { compileRules } from '../core/masking/compile.ts'
import { findSecrets } from '../core/masking/finder.ts'

/** Members that never reach a log, however deep they lie, and whatever they hold. */
const SECRET_NAMES: ReadonlySet<string> = new Set([
  'authorization',
  'cookie',
  'credential',
  'key',
  'password',
  'proxy-authorization',
  'secret',
  'set-cookie',
  'token',
  'x-api-key',
  'x-portkey-api-key',
])

const SECRET = '[secret]'

/** The rules that find secrets in content, and what is written behind a name such as `password`. */
const FINDERS = compileRules([{ name: 'assigned_secret' }])

const DEPTH_MAX = 8
const MEMBERS_MAX = 200
/** Of one text. A whole answer of a provider has been seen inside an error. */
const CHARACTERS_MAX = 16_384

/**
 * The same facts for a log, without keys, tokens, passwords in addresses and members that are named like a secret: wherever they stand,
 * in a message, an error, its stack or its causes. A secret that was logged once is lost for good. Errors become plain objects.
 */
export function withoutSecrets(value: unknown): unknown {
  return copy(value, new Set())
}

function copy(value: unknown, above: ReadonlySet<object>): unknown {
  if (typeof value === 'string') return maskText(value)
  if (typeof value === 'bigint') return String(value)
  if (typeof value !== 'object' || value === null) return value
  if (above.has(value)) return '[circular]'
  if (above.size === DEPTH_MAX) return '[deeper]'
  const within = new Set([...above, value])
  if (value instanceof Date) return value
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`
  if (Array.isArray(value)) return value.slice(0, MEMBERS_MAX).map((each) => copy(each, within))
  return Object.fromEntries(
    membersOf(value)
      .slice(0, MEMBERS_MAX)
      .map(([name, member]) => [
        maskText(name),
        SECRET_NAMES.has(name.toLowerCase()) && member !== undefined ? SECRET : copy(member, within),
      ]),
  )
}

/** Of an error also what is not enumerable: that is most of it. */
function membersOf(value: object): [string, unknown][] {
  const own = Object.entries(value)
  if (!(value instanceof Error)) return own
  const { name, message, stack, cause } = value
  const errors = value instanceof AggregateError ? [['errors', value.errors] as [string, unknown]] : []
  return [
    ['type', name],
    ['message', message],
    ['stack', stack],
    ...(cause === undefined ? [] : [['cause', cause] as [string, unknown]]),
    ...errors,
    ...own.filter(([member]) => member !== 'name'),
  ]
}

function maskText(text: string): string {
  const read = text.length > CHARACTERS_MAX ? `${text.slice(0, CHARACTERS_MAX)}…` : text
  let masked = ''
  let at = 0
  for (const { start, end } of findSecrets(read, FINDERS)) {
    masked += read.slice(at, start) + SECRET
    at = end
  }
  return masked + read.slice(at)
}
