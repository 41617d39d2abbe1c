import { type HeaderLines, header } from '../core/headers.ts'
import type { ExchangeRecord } from '../records/record.ts'
import type { Inbound } from './exchange.ts'

type Span = Pick<ExchangeRecord, 'spanId' | 'parentSpanId' | 'spanName'>

const CHARACTERS_MAX = 128

/**
 * Where an exchange stands in its trace: what Portkey's headers say, else what W3C trace context says. The latter names the
 * caller's span only, so ours gets an id of its own, the end of the request id, and is named after what was called.
 */
export function readSpan({ headers, id, endpoint }: Pick<Inbound, 'headers' | 'id' | 'endpoint'>): Span {
  const parent = spanOf(headers)
  return {
    spanId: word(headers, 'x-portkey-span-id') ?? (parent && id.slice(-16)),
    parentSpanId: word(headers, 'x-portkey-parent-span-id') ?? parent,
    spanName: word(headers, 'x-portkey-span-name') ?? (parent && `POST ${PATHS[endpoint]}`),
  }
}

/** Where each endpoint is served. */
export const PATHS = { messages: '/v1/messages', count_tokens: '/v1/messages/count_tokens' } as const

function word(headers: HeaderLines, name: string): string | undefined {
  return header(headers, name)?.trim().slice(0, CHARACTERS_MAX) || undefined
}

/** The span id inside a W3C `traceparent`. */
function spanOf(headers: HeaderLines): string | undefined {
  return /^[\da-f]{2}-[\da-f]{32}-([\da-f]{16})-/.exec(header(headers, 'traceparent') ?? '')?.[1]
}
