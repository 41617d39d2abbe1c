import { GatewayError } from '../../core/errors.ts'
import { type HeaderLines, header } from '../../core/headers.ts'
import type { Received } from '../exchange.ts'

/** What a request is filed under. */
interface Labels {
  readonly metadata: Readonly<Record<string, string>>
  readonly traceId: string
}

const METADATA_BYTES_MAX = 8192
const METADATA_VALUE_CHARACTERS_MAX = 128
const METADATA_ENTRIES_MAX = 64

/** Tags and trace id. Weakest source first: W3C baggage, what the request itself says, then what its key and workspace pin. */
export function readLabels(exchange: Received): Labels {
  return { metadata: readMetadata(exchange), traceId: readTraceId(exchange) }
}

function readMetadata({ headers, caller }: Received): Readonly<Record<string, string>> {
  const own = header(headers, 'x-portkey-metadata')
  const baggage = header(headers, 'baggage')
  // The usual case shares the key's own object instead of making one per request.
  if (own === undefined && baggage === undefined) return caller.metadata
  return {
    ...(baggage !== undefined && parseBaggage(baggage)),
    ...(own !== undefined && parseMetadata(own)),
    // Configs and policies decide by tags, so nobody changes one that an administrator has set.
    ...caller.metadata,
  }
}

function parseMetadata(text: string): Record<string, string> {
  const refuse = (problem: string) => new GatewayError('request.malformed', `x-portkey-metadata: ${problem}`)
  if (text.length > METADATA_BYTES_MAX) throw refuse(`longer than ${METADATA_BYTES_MAX} bytes`)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw refuse('not valid JSON. Write an object of strings, such as {"project":"payments"}')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw refuse('must be a JSON object of strings')
  const entries = Object.entries(value)
  if (entries.length > METADATA_ENTRIES_MAX) throw refuse(`has more than ${METADATA_ENTRIES_MAX} entries`)
  for (const [name, tag] of entries) {
    if (typeof tag !== 'string') throw refuse(`${name} must be a string`)
    if (tag.length > METADATA_VALUE_CHARACTERS_MAX) {
      throw refuse(`${name} is longer than ${METADATA_VALUE_CHARACTERS_MAX} characters`)
    }
  }
  return Object.fromEntries(entries) as Record<string, string>
}

/** W3C baggage, `name=value;property,name=value`. It is set by tracing libraries, so what does not fit is passed over. */
function parseBaggage(text: string): Record<string, string> {
  const tags: Record<string, string> = {}
  for (const entry of text.slice(0, METADATA_BYTES_MAX).split(',').slice(0, METADATA_ENTRIES_MAX)) {
    const [name, value] = entry.split(';', 1)[0]!.split('=', 2)
    if (name === undefined || value === undefined) continue
    try {
      tags[name.trim()] = decodeURIComponent(value.trim()).slice(0, METADATA_VALUE_CHARACTERS_MAX)
    } catch {
      // A stray percent sign: not worth a refusal.
    }
  }
  return tags
}

function readTraceId({ headers, id }: Received): string {
  const own = header(headers, 'x-portkey-trace-id')?.trim()
  if (own !== undefined && own !== '') return own.slice(0, 256)
  return traceOf(headers) ?? id
}

/** The trace id inside a W3C `traceparent`. */
function traceOf(headers: HeaderLines): string | undefined {
  return /^[\da-f]{2}-([\da-f]{32})-/.exec(header(headers, 'traceparent') ?? '')?.[1]
}
