/* Looking into the answers of an admin API that may be ours or Portkey's. Nothing here trusts a shape. */

const PAGE_SIZE = 100
/** Pages of one list; whoever has more than a hundred thousand keys has another tool. */
const PAGES_MAX = 1_000

/** Answers a GET under `/v1`; undefined where the API has no such thing. */
export type Ask = (path: string) => Promise<unknown>

/** All items of a list. Stops where a page brings nothing new, as some lists know no pages. */
export async function list(ask: Ask, path: string): Promise<readonly unknown[]> {
  const items: unknown[] = []
  const seen = new Set<string>()
  for (let page = 0; page < PAGES_MAX; page++) {
    const answer = await ask(`${path}${path.includes('?') ? '&' : '?'}current_page=${page}&page_size=${PAGE_SIZE}`)
    const found = named(answer, 'data')
    const fresh = found.filter((item) => !seen.has(text(item, 'id') ?? text(item, 'slug') ?? ''))
    for (const item of fresh) seen.add(text(item, 'id') ?? text(item, 'slug') ?? '')
    items.push(...fresh)
    const total = member(answer, 'total')
    if (fresh.length === 0 || found.length < PAGE_SIZE || (typeof total === 'number' && items.length >= total)) break
  }
  return items
}

/** A member of an object; undefined where there is none. */
export function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined
}

/** A member that is a string with something in it. */
export function text(value: unknown, name: string): string | undefined {
  const found = member(value, name)
  return typeof found === 'string' && found !== '' ? found : undefined
}

/** A member that is an array; an empty one where there is none. */
export function named(value: unknown, name: string): readonly unknown[] {
  const found = member(value, name)
  return Array.isArray(found) ? found : []
}

/** A member that is an object; an empty one where there is none. */
export function record(value: unknown, name: string): Readonly<Record<string, unknown>> {
  const found = member(value, name)
  return typeof found === 'object' && found !== null && !Array.isArray(found)
    ? (found as Readonly<Record<string, unknown>>)
    : {}
}

/** Portkey writes yes as true, 1 or "1". */
export function truthy(value: unknown): boolean {
  return value === true || value === 1 || value === '1' || value === 'true'
}
