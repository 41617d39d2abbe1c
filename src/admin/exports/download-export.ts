import { ExportDownloadQuery, ExportLink } from '../../contract/exports.ts'
import { seesOnlyOwn } from '../caller.ts'
import { conflict, forbidden, missing } from '../error.ts'
import { route } from '../route.ts'
import { requireContentRight } from './content-wish.ts'
import { readMaker, readWish } from './export-document.ts'
import { FILE_DAYS_MS } from './run-exports.ts'
import { creatorOf, seeExport } from './see-export.ts'
import { signLink } from './signed-link.ts'

/** What the caller may see is asked again here: rights may have changed since the export was written. */
export const downloadExport = route({
  method: 'GET',
  path: '/logs/exports/:id/download',
  summary: 'Make an address from which the file of an export can be fetched for five minutes, without a key',
  scope: ['logs.export'],
  query: ExportDownloadQuery,
  reply: ExportLink,
  async handle({ caller, params, query: { compression } }, parts) {
    const made = await seeExport(parts.store.db, caller, params.id)
    const wish = readWish(made)
    if (made.status !== 'success' || made.finishedAt === null) {
      throw conflict(`This export is ${made.status}: there is a file once it is a success.`)
    }
    if (made.finishedAt + FILE_DAYS_MS <= parts.clock.now()) {
      throw missing(`The file of the export ${made.id}, which was removed after seven days,`)
    }
    if (made.folder !== parts.exports.folder) {
      throw conflict(
        'The file of this export lies with another gateway of this organisation. Ask there, or start it again.',
      )
    }
    requireContentRight(caller, wish)
    // Whoever started it has given a reason for what it holds of others, and the trail has their name.
    if (wish.holdsContent && !seesOnlyOwn(caller) && creatorOf(readMaker(made)) !== creatorOf(caller)) {
      throw forbidden('This export holds what people wrote: only who has started it can fetch it.')
    }
    return { signed_url: signLink(made, compression, parts), object: 'export' as const }
  },
})
