import { parseMember, readInteger } from '../core/json.ts'
import type { CallBody } from '../providers/adapter.ts'
import { type HeaderLines, header } from '../core/headers.ts'

/** `metadata` of Claude Code is under 300 bytes; more than this is somebody else's. */
const METADATA_LIMITS = { bytesMax: 4096, depthMax: 4 }

/** The session as Claude Code has sent it since 2.1.150. */
export function sessionInHeader(headers: HeaderLines): string | undefined {
  const session = header(headers, 'x-claude-code-session-id')
  return session === undefined || session === '' ? undefined : session.slice(0, 128)
}

/** A trace that the client has named itself groups its requests as well, for clients that know no sessions. */
export function sessionInTrace(headers: HeaderLines): string | undefined {
  return header(headers, 'x-portkey-trace-id')?.trim().slice(0, 128) || undefined
}

/**
 * The session that Claude Code writes into `metadata.user_id`, for clients that do not send it as a header (before 2.1.150). Two
 * spellings are in use: a JSON string with `session_id`, and before 2.1 `user_…_account_…_session_<uuid>`.
 */
export function claimedSession({ bytes, members }: CallBody): string | undefined {
  const member = members.find('metadata')
  if (member === undefined) return undefined
  try {
    const metadata = parseMember(bytes, member, METADATA_LIMITS) as { user_id?: unknown } | null
    const userId = metadata?.user_id
    if (typeof userId !== 'string') return undefined
    const session = userId.startsWith('{')
      ? (JSON.parse(userId) as { session_id?: unknown }).session_id
      : /_session_([\w-]{1,128})$/.exec(userId)?.[1]
    return typeof session === 'string' && session !== '' ? session.slice(0, 128) : undefined
  } catch {
    // Filing a request under its session is a courtesy; a body that does not allow it is the upstream's to judge.
    return undefined
  }
}

/** A check of a model's name: one token of output and no stream, as `/model NAME` and `portcullis connect` send it. */
export function isProbe({ bytes, members }: CallBody, streaming: boolean): boolean {
  return !streaming && readInteger(bytes, members.find('max_tokens')) === 1
}
