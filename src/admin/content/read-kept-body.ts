import { BODY_KINDS, BodyQuery } from '../../contract/content.ts'
import type { BodyKind, BodyReader, BodyReference } from '../../records/bodies/body-reader.ts'
import { missing } from '../error.ts'
import { RawAnswer, RawReply } from '../raw-answer.ts'
import { route } from '../route.ts'
import { openContent } from './content-right.ts'
import { headerOf, readEnvelope } from './read-envelope.ts'
import { referenceOf, seeExchange } from './see-exchange.ts'
import { UnreadableError } from './unreadable.ts'

export const readKeptBody = route({
  method: 'GET',
  path: '/logs/:id/bodies/:kind',
  summary: 'Read a body as it was sent, byte for byte',
  scope: ['logs.view', 'logs.read'],
  query: BodyQuery,
  reply: RawReply,
  async handle({ caller, params, query: { ordinal } }, parts) {
    await parts.flushRecords()
    const exchange = await seeExchange(parts.store.db, caller, params.id)
    const kind = BODY_KINDS.find((each) => each === params.kind)
    if (kind === undefined) throw missing(`The body ${params.kind} (there are ${BODY_KINDS.join(', ')})`)
    await openContent(caller, exchange, parts)
    const reference = referenceOf(exchange)
    const kept = await parts.bodies.read(reference, kind, ordinal)
    if (kept.state !== 'readable') throw new UnreadableError(`The ${kind} of ${params.id}`, kept)
    const { content, sha256, masked } = kept
    return new RawAnswer(content, {
      contentType: await contentTypeOf(parts.bodies, reference, kind),
      // The hash is of what was sent: bytes with stars in them are others.
      etag: masked.length === 0 ? `"${sha256}"` : `"${sha256}-masked"`,
      headers: {
        'x-portcullis-sha256': sha256,
        'x-portcullis-verified': String(masked.length === 0),
        'x-portcullis-masked': String(masked.length),
      },
    })
  },
})

/** What a browser may take a body for. An upstream may call its answer what it likes; here it is JSON, a stream or plain bytes. */
const TYPES = ['application/json', 'text/event-stream', 'text/plain']

async function contentTypeOf(reader: BodyReader, reference: BodyReference, kind: BodyKind): Promise<string> {
  // What calls send and are told is JSON in every dialect.
  if (kind !== 'client_request' && kind !== 'response') return 'application/json'
  const envelope = await readEnvelope(reader, reference)
  const headers = kind === 'response' ? envelope?.responseHeaders : envelope?.requestHeaders
  const [told] = headerOf(headers ?? [], 'content-type')?.split(';') ?? []
  const type = TYPES.find((each) => each === told?.trim().toLowerCase())
  return type === undefined ? 'application/octet-stream' : `${type}${type.startsWith('text/') ? '; charset=utf-8' : ''}`
}
