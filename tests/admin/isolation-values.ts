import fc from 'fast-check'
import type { AdminRoute } from '../../src/admin/route.ts'
import { FIELDS } from '../../src/contract/filter/fields.ts'
import { quote } from '../../src/contract/filter/tokens.ts'
import type { Workspace } from '../../src/store/workspaces.ts'

/* What the tests of isolation ask for: names and ids of owners, and whatever else a path or a query may be given. */

/** Every text of an owner carries it. */
export const mark = (letter: string, what: string) => `mark${letter}x${what}`

/** Of one person: what they did in one workspace of one organisation. */
export interface Owner {
  readonly letter: string
  readonly organisationId: string
  readonly workspace: Workspace
  readonly userId: string
  readonly keyId: string
  /** Texts and ids by which they could be found. */
  readonly names: readonly string[]
}

/** Where an endpoint tells of one owner's records, with what it cannot do without. */
export function addressOf({ path, queryNames }: AdminRoute, { letter }: Owner): string {
  const ids = {
    logs: `req_${letter}`,
    sessions: `ses_${letter}`,
    traces: mark(letter, 'trace'),
    exports: `exp_${letter}`,
  }
  const [, first = '', second = ''] = path.split('/')
  const id = ids[(second === 'exports' ? second : first) as keyof typeof ids]
  const names: Readonly<Record<string, string>> = {
    id,
    a: id,
    b: id,
    kind: 'client_request',
    key: mark(letter, 'tag'),
    groupBy: 'user',
    text: 'word',
  }
  const query = new URLSearchParams()
  for (const name of queryNames.filter((each) => REQUIRED.includes(each))) query.set(name, names[name]!)
  if (path === '/logs/filter') query.set('q', 'model:')
  return `/v1${path.replaceAll(/:(\w+)/g, (_, name: string) => encodeURIComponent(names[name]!))}?${query.toString()}`
}

/** Without these their endpoints only say that they are missing. */
export const REQUIRED = ['text', 'a', 'b']

export type Stream<Item> = Iterator<Item, Item>

/** A value for whatever a path or a query may be given. */
export interface Value {
  readonly isGiven: boolean
  for(name: string): string
}

export function anyValue(owners: readonly Owner[]): fc.Arbitrary<Value> {
  const name = fc.constantFrom(...owners.flatMap(({ names }) => names))
  const nasty = fc.constantFrom(
    "' or 1=1 --",
    '%',
    '_%',
    '*',
    '"',
    '\\',
    '\0',
    "'; drop table exchanges; --",
    'x'.repeat(10_000),
    '{}',
    '..',
    '\u{1F600}',
    '$.x',
  )
  const field = fc.constantFrom(...Object.keys(FIELDS), ...owners.map(({ letter }) => `tag.${mark(letter, 'tag')}`))
  const term = fc
    .tuple(
      fc.boolean(),
      field,
      fc.oneof(
        { weight: 5, arbitrary: name.map(quote) },
        { weight: 2, arbitrary: nasty.map(quote) },
        fc.constantFrom('*', 'mark*', '*x*', 'error', 'session', '>0', '<=1', '4xx'),
      ),
    )
    .map(([not, of, value]) => `${not ? '-' : ''}${of}:${value}`)
  const filter = fc.oneof(
    { weight: 6, arbitrary: fc.array(term, { maxLength: 3 }).map((terms) => terms.join(' ')) },
    { weight: 1, arbitrary: name.map(quote) },
    { weight: 1, arbitrary: nasty },
  )
  return fc
    .record({
      isGiven: fc.integer({ min: 0, max: 3 }).map((each) => each === 0),
      name,
      nasty,
      filter,
      index: fc.nat(1_000),
      owner: fc.constantFrom(...owners),
    })
    .map(({ isGiven, index, owner, ...texts }) => ({
      isGiven,
      for: (asked) => valueFor(asked, { index, owner, ...texts }),
    }))
}

function valueFor(
  asked: string,
  { name, nasty, filter, index, owner }: { name: string; nasty: string; filter: string; index: number; owner: Owner },
): string {
  const one = (...values: string[]) => values[index % values.length]!
  switch (asked) {
    case 'q':
      return filter
    case 'id':
    case 'a':
    case 'b':
      return one(`req_${owner.letter}`, `ses_${owner.letter}`, mark(owner.letter, 'trace'), nasty.slice(0, 200))
    case 'workspace_id':
    case 'workspace_slug':
      return one(owner.workspace.id, owner.workspace.slug)
    case 'group':
    case 'fields':
      return one(
        'model',
        'user',
        'key',
        'workspace',
        'project',
        'provider',
        'class',
        `tag.${mark(owner.letter, 'tag')}`,
      )
    case 'kind':
      return 'client_request'
    case 'groupBy':
      return one('model', 'provider', 'ai_service', 'workspace', 'api_key', 'status_code', 'config', 'user', 'project')
    case 'key':
      return one(owner.keyId, mark(owner.letter, 'tag'))
    case 'metadata':
      return JSON.stringify({ [mark(owner.letter, 'tag')]: name })
    case 'trace_id':
      return mark(owner.letter, 'trace')
    case 'status_code':
      return '200'
    case 'order_by_type':
      return one('asc', 'desc')
    case 'columns':
      return one('requests', 'requests,cost,last_seen')
    case 'compression':
      return one('gzip', 'none')
    case 'include_total':
      return 'true'
    case 'since':
    case 'time_of_generation_min':
      return one('2026-04-30T00:00:00Z', '1970-01-01T00:00:00Z')
    case 'until':
    case 'time_of_generation_max':
      return '2026-05-03T00:00:00Z'
    case 'limit':
    case 'top':
    case 'page_size':
      return one('1', '50')
    case 'metric':
      return one('cost', 'requests', 'duration.p50', 'cache_hit_rate')
    case 'by':
      return one('day', 'hour')
    case 'compare':
      return one('previous', 'none')
    case 'count':
    case 'content':
    case 'cumulative':
      return one('true', 'false')
    case 'status':
      return one('200', '2xx')
    default:
      return index % 4 === 0 ? nasty : name
  }
}
