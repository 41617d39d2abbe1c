/*
 * Portkey's official client writes what stands in the address once more: into the query in camel case, and into the body in
 * snake case, because it turns every name of a body.
 */

const NAMES = ['id', 'slug', 'userId', 'user_id', 'inviteId', 'invite_id', 'workspaceId', 'workspace_id'] as const

/**
 * The input without what only repeats the address. What differs from the address stays, so that it is refused as a name that
 * is not known; so does what the endpoint itself knows by that name.
 */
export function withoutRepeatedIds(
  input: unknown,
  known: readonly string[],
  params: Readonly<Record<string, string>>,
): unknown {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return input
  const inAddress = Object.values(params)
  const repeated = NAMES.filter((name) => {
    const value = (input as Readonly<Record<string, unknown>>)[name]
    return !known.includes(name) && typeof value === 'string' && inAddress.includes(value)
  })
  if (repeated.length === 0) return input
  return Object.fromEntries(Object.entries(input).filter(([name]) => !repeated.some((each) => each === name)))
}
