/*
 * Portkey's official client writes what stands in the address once more: into the query in camel case, and into the body in
 * snake case, because it turns every name of a body. And some of Portkey's lists are paged in camel case, others in snake case.
 */

const IDS = [
  'id',
  'slug',
  'userId',
  'user_id',
  'inviteId',
  'invite_id',
  'workspaceId',
  'workspace_id',
  'exportId',
  'export_id',
  'feedbackID',
  'feedback_id',
]

const PAGING: Readonly<Record<string, string>> = { pageSize: 'page_size', currentPage: 'current_page' }

/**
 * The input in the spelling of an endpoint that knows these names: without ids that only repeat the address, and with paging
 * by the names it has. What differs from the address stays, so that it is refused as a name that is not known.
 */
export function readSpellings(
  input: unknown,
  known: readonly string[],
  params: Readonly<Record<string, string>>,
): unknown {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return input
  const inAddress = Object.values(params)
  const given = Object.entries(input)
  const isForeign = ([name, value]: readonly [string, unknown]) =>
    !known.includes(name) &&
    ((IDS.includes(name) && typeof value === 'string' && inAddress.includes(value)) || Object.hasOwn(PAGING, name))
  if (!given.some(isForeign)) return input
  return Object.fromEntries(
    given.flatMap(([name, value]) => {
      if (!isForeign([name, value])) return [[name, value]]
      const ours = PAGING[name]
      // Said in both spellings, neither is right.
      const isOnlyOne = ours !== undefined && known.includes(ours) && !Object.hasOwn(input, ours)
      if (isOnlyOne) return [[ours, value]]
      return ours === undefined ? [] : [[name, value]]
    }),
  )
}
