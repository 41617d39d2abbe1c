/**
 * A model's name without what providers put around it: an ARN's or a router's path, Bedrock's region and vendor
 * (`us.anthropic.`), its revision (`-v1:0`), a date (`-20250929`, on Vertex `@20250929`), and the client's `[1m]`. What is left is the
 * name by which policies, prices and tables know it, such as `claude-sonnet-4-5`.
 */
export function plainModelName(name: string): string {
  return afterSlash(name)
    .replace(/\[\w+\]$/, '')
    .replace(/^(?:[a-z-]+\.)?anthropic\./, '')
    .replace(/-v\d+(?::\d+)?$/, '')
    .replace(/(?:[-@]\d{8}|[-@]latest|@default)$/, '')
}

/** The last step of a path; a name without one is itself. */
export function afterSlash(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1)
}
