import { BodyList } from '../../contract/content.ts'
import { route } from '../route.ts'
import { openContent } from './content-right.ts'
import { referenceOf, seeExchange } from './see-exchange.ts'

export const listBodies = route({
  method: 'GET',
  path: '/logs/:id/bodies',
  summary: 'List what was kept of the content of a request',
  scope: ['logs.view', 'logs.read'],
  reply: BodyList,
  async handle({ caller, params: { id } }, parts) {
    await parts.flushRecords()
    const exchange = await seeExchange(parts.store.db, caller, id)
    await openContent(caller, exchange, parts)
    const kept = await parts.bodies.list(referenceOf(exchange))
    return {
      object: 'list' as const,
      state: kept.state,
      data: (kept.state === 'readable' ? kept.bodies : []).map((body) => ({
        kind: body.kind,
        ordinal: body.ordinal,
        bytes: body.bytes,
        fresh_bytes: body.freshBytes,
        sha256: body.sha256,
        masked: body.masked.map(({ offset, length, rule }) => ({ offset, length, rule })),
        url: `/v1/logs/${id}/bodies/${body.kind}${body.ordinal === 0 ? '' : `?ordinal=${body.ordinal}`}`,
      })),
    }
  },
})
