import { CompareQuery, Comparison } from '../../contract/content.ts'
import type { BodyReader, BodyReference } from '../../records/bodies/body-reader.ts'
import { invalid } from '../error.ts'
import { route } from '../route.ts'
import { openContent } from './content-right.ts'
import { cutPieces, TEXT_BYTES_MAX } from './cut-pieces.ts'
import { referenceOf, seeExchange } from './see-exchange.ts'

export const compareLogs = route({
  method: 'GET',
  path: '/logs/compare',
  summary: 'Show where two requests of one session differ',
  scope: ['logs.view', 'logs.read'],
  query: CompareQuery,
  reply: Comparison,
  async handle({ caller, query: { a, b } }, parts) {
    await parts.flushRecords()
    const [one, other] = [await seeExchange(parts.store.db, caller, a), await seeExchange(parts.store.db, caller, b)]
    if (one.session_key === null || one.session_key !== other.session_key) {
      throw invalid('a and b: have to be requests of one session')
    }
    for (const exchange of [one, other]) await openContent(caller, exchange, parts)
    const added = await newIn(parts.bodies, referenceOf(one), referenceOf(other))
    const removed = await newIn(parts.bodies, referenceOf(other), referenceOf(one))
    return {
      object: 'comparison' as const,
      a,
      b,
      state: added.state === 'readable' ? removed.state : added.state,
      added: added.pieces,
      removed: removed.pieces,
    }
  },
})

/** What a request has that another one has not. */
async function newIn(reader: BodyReader, before: BodyReference, after: BodyReference) {
  const compared = await reader.compare(before, after)
  if (compared.state !== 'readable') return { state: compared.state, pieces: [] }
  const kept = await reader.read(after, 'client_request')
  if (kept.state !== 'readable') return { state: kept.state, pieces: [] }
  return { state: kept.state, pieces: cutPieces(kept.content, compared.fresh, { left: TEXT_BYTES_MAX }) }
}
