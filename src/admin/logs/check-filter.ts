import { completeFilter, type Suggestion } from '../../contract/filter/complete-filter.ts'
import { TAG_PREFIX } from '../../contract/filter/fields.ts'
import { parseFilter } from '../../contract/filter/parse-filter.ts'
import { printFilter } from '../../contract/filter/print-filter.ts'
import { tellFilter } from '../../contract/filter/tell-filter.ts'
import { quoteIfNeeded } from '../../contract/filter/tokens.ts'
import { FACETS, FilterHelp, FilterQuery } from '../../contract/logs.ts'
import { countFacets, type FacetField } from '../../store/facets.ts'
import type { AdminCaller } from '../caller.ts'
import type { AdminParts } from '../parts.ts'
import { route } from '../route.ts'
import { patienceOf } from './ask-logs.ts'
import { recordsOf } from './filter-exchanges.ts'
import { seeKeys, seePeople, seeWorkspaces, type Named } from './find-names.ts'

/** For an editor, with every pause in typing. */
export const checkFilter = route({
  method: 'GET',
  path: '/logs/filter',
  summary: 'Say what a filter means, what is wrong with it, and what could stand at the cursor',
  scope: ['logs.list', 'logs.view', 'logs.read'],
  query: FilterQuery,
  reply: FilterHelp,
  async handle({ caller, query: { q, cursor } }, parts) {
    const { filter, problems } = parseFilter(q)
    const { from, to, suggestions, values } = completeFilter(q, cursor ?? q.length)
    const known = values === undefined ? [] : await suggestValues(parts, caller, values)
    return {
      object: 'filter' as const,
      canonical: printFilter(filter),
      sentence: tellFilter(filter),
      problems: problems.map((problem) => ({ ...problem })),
      completion: { from, to, suggestions: [...suggestions, ...known] },
    }
  },
})

const SUGGESTIONS_MAX = 20
const SUGGEST_MS = 200

async function suggestValues(
  parts: AdminParts,
  caller: AdminCaller,
  { field, typed }: { readonly field: string; readonly typed: string },
): Promise<readonly Suggestion[]> {
  const wanted = typed.replaceAll(/["*@]/g, '').toLowerCase()
  const named = await nameThings(parts, caller, field)
  const things = named ?? (await countThings(parts, caller, field))
  return things
    .filter(({ names }) => names.some((name) => name.toLowerCase().includes(wanted)))
    .slice(0, SUGGESTIONS_MAX)
    .map(({ name, names }) => ({ text: quoteIfNeeded(name), summary: names.at(-1) ?? name }))
}

/** People, keys and workspaces by what they are called, whether or not they have asked anything. */
async function nameThings(
  { store, clock }: AdminParts,
  caller: AdminCaller,
  field: string,
): Promise<readonly Pick<Named, 'name' | 'names'>[] | undefined> {
  const parts = { db: store.db, clock }
  if (field === 'user') {
    return (await seePeople(parts, caller)).map(({ name, names }) => ({ name, names: [name, names[1] ?? name] }))
  }
  if (field === 'key') return (await seeKeys(parts, caller)).map(({ name }) => ({ name, names: [name] }))
  if (field === 'workspace') {
    return (await seeWorkspaces(parts, caller)).map(({ name, names }) => ({
      name,
      names: [name, names.at(-1) ?? name],
    }))
  }
  return undefined
}

/** Of everything else, what the newest records have. */
async function countThings(
  parts: AdminParts,
  caller: AdminCaller,
  field: string,
): Promise<readonly Pick<Named, 'name' | 'names'>[]> {
  const facet = facetOf(field)
  if (facet === undefined) return []
  const { db } = parts.store
  const scope = await recordsOf(db, caller, undefined)
  const { facets } = await countFacets(db, scope, [facet], patienceOf(parts, SUGGEST_MS))
  return (facets.get(facet) ?? []).flatMap(({ value, count }) =>
    value === null ? [] : [{ name: value, names: [value, `${count} of the newest requests`] }],
  )
}

function facetOf(field: string): FacetField | undefined {
  if (field.startsWith(TAG_PREFIX) && field.length > TAG_PREFIX.length) return field as `tag.${string}`
  return FACETS.find((facet) => facet === field)
}
