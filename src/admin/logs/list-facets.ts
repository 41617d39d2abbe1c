import { FACETS, FacetQuery, Facets } from '../../contract/logs.ts'
import { TAG_PREFIX } from '../../contract/filter/fields.ts'
import { printFilter } from '../../contract/filter/print-filter.ts'
import { nearestName } from '../../core/spelling.ts'
import { countFacets, type FacetField, type FacetValue } from '../../store/facets.ts'
import type { Identity } from '../caller.ts'
import { invalid } from '../error.ts'
import { route } from '../route.ts'
import { showMoment } from '../show-moment.ts'
import { patienceOf, readQuestion } from './ask-logs.ts'
import { seeKeys, seePeople, seeWorkspaces, type Named, type NameParts } from './find-names.ts'

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
    const facets = fields.map(async (field) => ({
      field,
      values: await showValues(
        { db, clock: parts.clock },
        caller,
        field,
        (counted?.facets.get(field) ?? []).slice(0, limit),
      ),
    }))
    return {
      object: 'facets' as const,
      facets: await Promise.all(facets),
      records: counted?.records ?? 0,
      complete: counted?.searchedUntil === undefined,
      searched_until: counted?.searchedUntil === undefined ? null : showMoment(counted.searchedUntil),
    }
  },
})

const FACETS_MS = 1_000

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

async function showValues(
  parts: NameParts,
  caller: Identity,
  field: FacetField,
  values: readonly FacetValue[],
): Promise<{ filter: string; value: string | null; name: string | null; count: number }[]> {
  const see = SEEN[field]
  const seen = see === undefined || values.length === 0 ? [] : await see(parts, caller)
  const names = new Map(seen.map(({ id, name }) => [id, name]))
  return values.map(({ value, count }) => ({
    filter: termOf(field, value),
    value,
    name: names.get(value ?? '') ?? null,
    count,
  }))
}

const SEEN: Readonly<Record<string, (parts: NameParts, caller: Identity) => Promise<readonly Named[]>>> = {
  user: seePeople,
  key: seeKeys,
  workspace: seeWorkspaces,
}

/** Without a value is: not with any. */
function termOf(field: FacetField, value: string | null): string {
  const not = value === null
  const pattern = value === null ? ['', ''] : [value]
  if (field.startsWith(TAG_PREFIX)) {
    return printFilter({ terms: [{ kind: 'tag', tag: field.slice(TAG_PREFIX.length), not, any: [pattern] }] })
  }
  if (field !== 'status') return printFilter({ terms: [{ kind: 'text', field, not, any: [pattern] }] })
  const status = { value: Number(value), included: true }
  return printFilter({ terms: [{ kind: 'number', field, not, any: [{ from: status, to: status }] }] })
}
