import { readConfig } from '../routing/document.ts'
import type { RoutingConfig } from '../routing/routing-config.ts'
import type { ConfigRow } from './read-picture.ts'

/** The saved configs of each workspace, ready to be followed. */
export interface ConfigShelf {
  /** By `pc-…` or id. */
  find(workspaceId: string, reference: string): RoutingConfig | undefined
  /** What a workspace follows when neither request nor key names a config. */
  defaultOf(workspaceId: string): RoutingConfig | undefined
}

/**
 * Versions are never edited, so each is compiled once, however often the picture is renewed. One that does not read any more, because an older
 * version of the gateway took it, is reported once and left out.
 */
export function createConfigShelver({
  trustedHosts,
  report,
}: {
  readonly trustedHosts: readonly string[]
  readonly report: (problem: unknown) => void
}): (rows: readonly ConfigRow[]) => ConfigShelf {
  let compiled: ReadonlyMap<string, RoutingConfig | undefined> = new Map()
  return (rows) => {
    compiled = new Map(
      rows.map((row) => [row.version_id, compiled.has(row.version_id) ? compiled.get(row.version_id) : compile(row)]),
    )
    return shelve(rows, compiled)
  }

  function compile(row: ConfigRow): RoutingConfig | undefined {
    // Whoever saved it was allowed to; the origin of a custom host is compared with the credential's again when it is sent.
    const identity = { id: row.slug, versionId: row.version_id }
    const read = readConfig(row.document, identity, { mayChooseHost: { trusted: trustedHosts } })
    if (read.config !== undefined) return read.config
    const problems = read.problems.map(({ path, message }) => `${path}: ${message}`).join('; ')
    report(new Error(`The config ${row.slug} in the store cannot be read, so nobody follows it: ${problems}`))
    return undefined
  }
}

function shelve(rows: readonly ConfigRow[], compiled: ReadonlyMap<string, RoutingConfig | undefined>): ConfigShelf {
  const found = new Map<string, RoutingConfig>()
  const defaults = new Map<string, RoutingConfig>()
  for (const row of rows) {
    const config = compiled.get(row.version_id)
    if (config === undefined) continue
    found.set(`${row.workspace_id} ${row.slug}`, config)
    found.set(`${row.workspace_id} ${row.id}`, config)
    if (row.is_default === 1) defaults.set(row.workspace_id, config)
  }
  return {
    find: (workspaceId, reference) => found.get(`${workspaceId} ${reference}`),
    defaultOf: (workspaceId) => defaults.get(workspaceId),
  }
}
