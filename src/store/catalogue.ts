import { GatewayError } from '../core/errors.ts'
import { asId } from '../core/ids.ts'
import { plainModelName } from '../core/model-names.ts'
import type { Credential, Upstream } from '../providers/adapter.ts'
import { readCredential, readSettings } from './documents.ts'
import type { IntegrationRow, Picture, ProviderRow } from './read-picture.ts'
import { findAddress, isProviderKind } from './upstream-address.ts'

/** The providers of each workspace, by slug, in the order in which they were made. */
export type Catalogue = ReadonlyMap<string, ReadonlyMap<string, Upstream>>

export interface CatalogueParts {
  readonly vault: { open(sealed: string, integrationId: string, host: string): string }
  readonly trustedHosts: readonly string[]
}

/** A provider whose integration is closed to its workspace, or of a kind this version lacks, is left out. */
export function buildCatalogue(picture: Picture, parts: CatalogueParts): Catalogue {
  const models = Map.groupBy(picture.models, (model) => model.integration_id)
  const accounts = new Map(
    picture.integrations.map((row) => [row.id, { row, models: readModels(row, models.get(row.id) ?? []) }]),
  )
  const permissions = new Set(picture.permissions.map((row) => `${row.integration_id} ${row.workspace_id}`))
  const catalogue = new Map<string, Map<string, Upstream>>()
  for (const provider of picture.providers) {
    const account = accounts.get(provider.integration_id)
    if (account === undefined || !mayUse(provider, account.row, permissions)) continue
    const upstream = toUpstream(provider, account.row, account.models, parts)
    if (upstream === undefined) continue
    const inWorkspace = catalogue.get(provider.workspace_id) ?? new Map<string, Upstream>()
    inWorkspace.set(provider.slug, upstream)
    catalogue.set(provider.workspace_id, inWorkspace)
  }
  return catalogue
}

function mayUse(provider: ProviderRow, integration: IntegrationRow, permissions: ReadonlySet<string>): boolean {
  if (integration.workspace_id !== null) return integration.workspace_id === provider.workspace_id
  return integration.global_workspace_access === 1 || permissions.has(`${integration.id} ${provider.workspace_id}`)
}

function toUpstream(
  provider: ProviderRow,
  integration: IntegrationRow,
  models: ModelRule,
  { vault, trustedHosts }: CatalogueParts,
): Upstream | undefined {
  const { kind } = integration
  if (!isProviderKind(kind)) return undefined
  const settings = readSettings(integration.configurations)
  const { origin, basePath, platform, trusted } = findAddress(kind, settings, trustedHosts)
  let credential: Credential | undefined
  return {
    providerId: asId(provider.id),
    slug: provider.slug,
    kind,
    platform,
    integrationId: asId(integration.id),
    origin,
    basePath,
    trustedHost: trusted,
    settings,
    credential() {
      if (integration.sealed_credential === null) return undefined
      credential ??= unseal(integration.sealed_credential)
      return credential
    },
    allows: models.allows,
    models: models.names,
    ...(provider.expires_at !== null && { expiresAt: provider.expires_at }),
  }

  function unseal(sealed: string): Credential {
    try {
      return readCredential(vault.open(sealed, integration.id, origin))
    } catch (error) {
      throw new GatewayError(
        'credential.unavailable',
        `The gateway cannot read its credential for @${provider.slug}. Ask whoever runs it to enter the credential again.`,
        {
          cause: error,
          detail: `integration ${integration.id}: ${error instanceof Error ? error.message : String(error)}`,
        },
      )
    }
  }
}

interface ModelRule {
  readonly names: readonly string[]
  allows(model: string): boolean
}

/**
 * A name on the list means the model that clients call so, also when they spell it with a date, a vendor or `[1m]`. One that is switched off
 * is refused even where all models are allowed; a `*` at its end stands for any rest.
 */
function readModels(
  { allow_all_models: allowAll }: IntegrationRow,
  rows: readonly { readonly slug: string; readonly enabled: number }[],
): ModelRule {
  const enabled = matcher(rows.filter((row) => row.enabled === 1).map((row) => row.slug))
  const disabled = matcher(rows.filter((row) => row.enabled !== 1).map((row) => row.slug))
  return {
    names: allowAll === 1 ? [] : enabled.names,
    allows: (model) => !disabled.matches(model) && (allowAll === 1 || enabled.matches(model)),
  }
}

function matcher(names: readonly string[]): { readonly names: readonly string[]; matches(model: string): boolean } {
  const exact = new Set(names.filter((name) => !name.endsWith('*')))
  const beginnings = names.filter((name) => name.endsWith('*')).map((name) => name.slice(0, -1))
  const named = (model: string) => exact.has(model) || beginnings.some((beginning) => model.startsWith(beginning))
  return { names, matches: (model) => named(model) || named(plainModelName(model)) }
}
