import { Delta } from '../../contract/content.ts'
import { route } from '../route.ts'
import { openContent } from './content-right.ts'
import { cutPieces, TEXT_BYTES_MAX } from './cut-pieces.ts'
import { referenceOf, seeExchange } from './see-exchange.ts'

export const readDelta = route({
  method: 'GET',
  path: '/logs/:id/delta',
  summary: 'Read only what a request brought that was not in its session before',
  scope: ['logs.view', 'logs.read'],
  reply: Delta,
  async handle({ caller, params: { id } }, parts) {
    await parts.flushRecords()
    const exchange = await seeExchange(parts.store.db, caller, id)
    await openContent(caller, exchange, parts)
    const kept = await parts.bodies.read(referenceOf(exchange), 'client_request')
    const isReadable = kept.state === 'readable'
    return {
      object: 'delta' as const,
      log: id,
      state: kept.state,
      bytes: isReadable ? kept.bytes : 0,
      fresh_bytes: isReadable ? kept.freshBytes : 0,
      pieces: isReadable ? cutPieces(kept.content, kept.fresh, { left: TEXT_BYTES_MAX }) : [],
    }
  },
})
