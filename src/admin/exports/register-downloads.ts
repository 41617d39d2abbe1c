import { createReadStream } from 'node:fs'
import { createGunzip } from 'node:zlib'
import type { FastifyInstance } from 'fastify'
import { findExportFile } from '../../store/log-exports.ts'
import { missing } from '../error.ts'
import type { AdminParts } from '../parts.ts'
import { readWish } from './export-document.ts'
import { isGoodLink, type LinkQuery } from './signed-link.ts'

/** Mounts `GET /v1/logs/exports/:id/file`: for whoever has a link that `download` made, so it is no endpoint that a key opens. */
export function registerDownloads(scope: FastifyInstance, parts: AdminParts): void {
  scope.get<{ Params: { id: string }; Querystring: LinkQuery }>('/v1/logs/exports/:id/file', async (request, reply) => {
    const made = await findExportFile(parts.store.db, request.params.id)
    if (made === undefined || made.folder !== parts.exports.folder || !isGoodLink(made, request.query, parts)) {
      throw missing('A file behind this link (links are good for five minutes)')
    }
    const { format } = readWish(made)
    const isPacked = request.query.compression !== 'none'
    const file = createReadStream(parts.exports.pathOf(made.id), { end: made.bytes - 1 })
    const type = format === 'csv' ? 'text/csv; charset=utf-8' : 'application/jsonl; charset=utf-8'
    void reply.headers({
      'content-type': isPacked ? 'application/gzip' : type,
      'content-disposition': `attachment; filename="portcullis-${made.id}.${format}${isPacked ? '.gz' : ''}"`,
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      ...(isPacked && { 'content-length': made.bytes }),
    })
    if (isPacked) return reply.send(file)
    const unpacked = createGunzip()
    file.on('error', (error) => unpacked.destroy(error))
    unpacked.on('close', () => file.destroy())
    return reply.send(file.pipe(unpacked))
  })
}
