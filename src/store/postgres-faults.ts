import { StoreError, type StoreFault } from './store-error.ts'

/** What the server, the client library or the network says, in the store's own words. */
export function toStoreError(error: unknown): StoreError {
  if (error instanceof StoreError) return error
  const { message, code } = describe(error)
  return new StoreError(message, faultOf(code, message), error)
}

/** Codes of conditions: https://www.postgresql.org/docs/current/errcodes-appendix.html. */
function faultOf(code: string, message: string): StoreFault {
  if (code === '23505') return 'duplicate'
  if (code === '23503') return 'dangling'
  if (code === '53100') return 'full'
  return GONE.has(code) || code.startsWith('08') || LOST.test(message) ? 'gone' : 'other'
}

/** The server is being stopped or started, has no connection left, or cannot be reached. */
const GONE = new Set([
  '57P01',
  '57P02',
  '57P03',
  '53300',
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENOENT',
])

/** The library has no codes for what happens to its connections. */
const LOST =
  /connection terminated|timeout exceeded when trying to connect|query read timeout|not queryable|client was closed/i

/** Several addresses of one host fail as an AggregateError without words of its own. */
function describe(error: unknown): { readonly message: string; readonly code: string } {
  if (error instanceof AggregateError && error.message === '') return describe(error.errors[0])
  if (!(error instanceof Error)) return { message: String(error), code: '' }
  return { message: error.message, code: 'code' in error ? String(error.code) : '' }
}
