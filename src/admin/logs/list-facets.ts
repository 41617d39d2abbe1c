import { FACETS, FacetQuery, Facets } from '../../contract/logs.ts'
import { TAG_PREFIX } from '../../contract/filter/fields.ts'
import { nearestName } from '../../core/spelling.ts'
import { countFacets, type FacetField } from '../../store/facets.ts'
import { invalid } from '../error.ts'
import { route } from '../route.ts'
import { showMoment } from '../show-moment.ts'
import { patienceOf, readQuestion } from './ask-logs.ts'
import { createValueNamer } from './name-values.ts'

export const listFacets = route({
  method: 'GET',
  path: '/logs/facets',
  summary: 'Count the values that records within a filter have, to choose from',
  scope: ['logs.list', 'logs.view', 'logs.read'],
  query: FacetQuery,
  reply: Facets,
  async handle({ caller, query: { fields: asked, limit, ...query } }, parts) {
    const fields = readFields(asked)
    const { filter, words } = await readQuestion(parts, caller, query)
    if (words.length > 0) throw invalid('q: What was said can be searched for, but not counted; take the quotes away.')
    await parts.flushRecords()
    const { db } = parts.store
    const counted =
      filter === undefined ? undefined : await countFacets(db, filter, fields, patienceOf(parts, FACETS_MS))
    const facets = fields.map(async (field) => {
      const name = await createValueNamer({ db, clock: parts.clock }, caller, field)
      const values = (counted?.facets.get(field) ?? []).slice(0, limit)
      return { field, values: values.map(({ value, count }) => ({ ...name(value), count })) }
    })
    return {
      object: 'facets' as const,
      facets: await Promise.all(facets),
      records: counted?.records ?? 0,
      complete: counted?.searchedUntil === undefined,
      searched_until: counted?.searchedUntil === undefined ? null : showMoment(counted.searchedUntil),
    }
  },
})

/** As long as a chart takes: what the newest records have is enough to choose from. */
const FACETS_MS = 250

/** The bytes of a statement grow with them. */
const FIELDS_MAX = 20

function readFields(asked: string | undefined): readonly FacetField[] {
  if (asked === undefined) return FACETS
  const names = asked.split(',').map((name) => name.trim())
  if (names.length > FIELDS_MAX) throw invalid(`fields: may be ${FIELDS_MAX} at most`)
  return names.map((name) => {
    const known = FACETS.find((facet) => facet === name)
    if (known !== undefined) return known
    if (name.startsWith(TAG_PREFIX) && name.length > TAG_PREFIX.length) return name as `tag.${string}`
    const meant = nearestName(name, FACETS)
    const hint = meant === undefined ? `known are ${FACETS.join(', ')} and tag.NAME` : `did you mean ${meant}?`
    throw invalid(`fields: ${JSON.stringify(name.slice(0, 40))} has no values to count; ${hint}`)
  })
}
