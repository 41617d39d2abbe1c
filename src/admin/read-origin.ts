import { newRequestId } from '../core/ids.ts'
import type { Origin } from './caller.ts'
import { invalid } from './error.ts'

/** What is read of a request to say where it came from. */
export interface Arrived {
  readonly method: string
  readonly url: string
  /** Address of the connection. */
  readonly ip: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
}

export const REASON_CHARACTERS_MAX = 500
const HEADER_CHARACTERS_MAX = 256
const URI_CHARACTERS_MAX = 2048

/** Reads how and from where a request came. Throws AB01 when the reason is too long to keep. */
export function readOrigin({ method, url, ip, headers }: Arrived, now: number): Origin {
  return {
    requestId: newRequestId(now),
    method,
    uri: url.slice(0, URI_CHARACTERS_MAX),
    clientIp: ip,
    forwardedFor: text(headers['x-forwarded-for'])?.slice(0, HEADER_CHARACTERS_MAX),
    userAgent: text(headers['user-agent'])?.slice(0, HEADER_CHARACTERS_MAX),
    reason: readReason(text(headers['x-portcullis-reason'])),
  }
}

function readReason(header: string | undefined): string | undefined {
  const reason = header === undefined ? '' : decode(header).trim()
  if (reason.length > REASON_CHARACTERS_MAX) {
    throw invalid(`x-portcullis-reason: may have ${REASON_CHARACTERS_MAX} characters at most`)
  }
  return reason === '' ? undefined : reason
}

/** Node reads header bytes as Latin-1, and everybody sends UTF-8. Bytes that are no UTF-8 were Latin-1. */
function decode(header: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(header, 'latin1'))
  } catch {
    return header
  }
}

function text(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(', ') : value
}
