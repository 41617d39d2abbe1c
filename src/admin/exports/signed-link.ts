import { sameHash } from '../../credentials/api-key.ts'
import type { LogExport } from '../../store/log-exports.ts'
import type { AdminParts } from '../parts.ts'

const LINK_MS = 300_000

export type Compression = 'gzip' | 'none'

/** What a link says; the signature binds it to one run of one export. */
export interface LinkQuery {
  readonly expires?: string
  readonly compression?: string
  readonly signature?: string
}

/** An address that opens the file of an export for whoever has it, for five minutes. */
export function signLink(made: LogExport, compression: Compression, parts: AdminParts): string {
  const expires = String(parts.clock.now() + LINK_MS)
  const query = new URLSearchParams({ expires, compression, signature: sign(made, expires, compression, parts) })
  return `${parts.publicUrl()}/v1/logs/exports/${made.id}/file?${query.toString()}`
}

/** Whether a link was made by this gateway for this run of this export, and is still good. */
export function isGoodLink(made: LogExport, query: LinkQuery, parts: AdminParts): boolean {
  const { expires = '', compression = '', signature = '' } = query
  if (!sameHash(signature, sign(made, expires, compression, parts))) return false
  return Number(expires) > parts.clock.now()
}

/** The hash is keyed; what it is of cannot be a key or a token, which have no line breaks. */
function sign({ id, startedAt }: LogExport, expires: string, compression: string, { keys }: AdminParts): string {
  return keys.hash(`export file\n${id}\n${startedAt}\n${expires}\n${compression}`)
}
