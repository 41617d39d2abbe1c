import { readConfig } from '../../routing/document.ts'
import type { RoutingNode, TargetNode } from '../../routing/routing-config.ts'
import type { Database } from '../../store/database.ts'
import { findIntegration } from '../../store/integrations.ts'
import { listProviders } from '../../store/providers.ts'
import { findAddress, isProviderKind } from '../../store/upstream-address.ts'
import type { Workspace } from '../../store/workspaces.ts'
import { type AdminCaller, isAdministrator } from '../caller.ts'

export interface ConfigProblem {
  /** `config.targets[1].retry.attempts` */
  readonly path: string
  readonly message: string
}

export interface CheckedDocument {
  /** JSON text, as it is saved. */
  readonly document: string
  readonly problems: readonly ConfigProblem[]
}

/**
 * Everything that is wrong with a routing document in a workspace: what the document alone tells, providers that the workspace does not have,
 * and hosts to which their credentials may not travel.
 */
export async function checkDocument(
  db: Database,
  caller: AdminCaller,
  workspace: Workspace,
  written: unknown,
  trustedHosts: readonly string[],
): Promise<CheckedDocument> {
  const document = typeof written === 'string' ? written : JSON.stringify(written)
  const mayChooseHost = isAdministrator(caller) ? { trusted: trustedHosts } : undefined
  const read = readConfig(document, { id: undefined, versionId: undefined }, { mayChooseHost })
  if (read.problems !== undefined) return { document, problems: read.problems }

  const origins = await originsOf(db, workspace, trustedHosts)
  const strangers = read.providers
    .filter(({ slug }) => !origins.has(slug))
    .map(({ slug, path }) => ({ path, message: `this workspace has no provider @${slug}` }))
  const detours = targetsOf(read.config.root).flatMap((target) => checkHost(target, origins))
  return { document, problems: [...strangers, ...detours] }
}

/** A credential is sealed for one origin; a target may lead it along another path there, and nowhere else. */
function checkHost({ path, provider, settings }: TargetNode, origins: ReadonlyMap<string, string>): ConfigProblem[] {
  if (settings.customHost === undefined) return []
  const place = `${path}.custom_host`
  if (provider === undefined)
    return [{ path: place, message: 'needs a provider beside it, whose credential it may get' }]
  const origin = origins.get(provider)
  if (origin === undefined || new URL(settings.customHost).origin === origin) return []
  const message = `has to be at ${origin}: the credential of @${provider} is sealed for that host`
  return [{ path: place, message }]
}

function targetsOf(node: RoutingNode): readonly TargetNode[] {
  return node.kind === 'target' ? [node] : node.children.flatMap(targetsOf)
}

/** Where the credential of each provider of a workspace may travel, by slug. */
async function originsOf(
  db: Database,
  workspace: Workspace,
  trustedHosts: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const everyOne = { offset: 0, limit: 100_000 }
  const { items } = await listProviders(db, workspace.organisationId, { workspaceId: workspace.id }, everyOne)
  const origins = new Map<string, string>()
  for (const { slug, integrationId } of items) {
    const integration = await findIntegration(db, workspace.organisationId, integrationId)
    if (integration === undefined || !isProviderKind(integration.kind)) continue
    origins.set(slug, findAddress(integration.kind, integration.configurations, trustedHosts).origin)
  }
  return origins
}
