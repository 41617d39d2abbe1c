import { readConfig } from '../../routing/document.ts'
import { listConfigs, type SavedConfig } from '../../store/configs.ts'
import type { Database } from '../../store/database.ts'
import { listKeys } from '../../store/keys.ts'
import type { ListedProvider } from '../../store/providers.ts'
import { findWorkspace } from '../../store/workspaces.ts'
import { policiesNamingConfig, policiesNamingProvider } from '../policies/policies-naming.ts'

/** Whose requests would quietly go another way without this config, in words: `the key “CI”`. */
export async function needsOfConfig(db: Database, config: SavedConfig): Promise<readonly string[]> {
  const { organisationId, workspaceId } = config
  const isMeant = (reference: string | undefined) => reference === config.slug || reference === config.id
  const keys = (await liveKeys(db, organisationId, workspaceId)).filter(({ defaults }) => isMeant(defaults.config))
  const workspace = await findWorkspace(db, organisationId, workspaceId)
  const { config: followed, userKeyConfig } = workspace?.defaults ?? {}
  return [
    ...keys.map(({ name }) => `the key “${name}”`),
    ...(isMeant(followed) ? ['the workspace’s defaults.config_id'] : []),
    ...(isMeant(userKeyConfig) ? ['the workspace’s defaults.user_api_key_config'] : []),
    ...(await policiesNamingConfig(db, config)),
  ]
}

/** What names this provider: configs that can be followed, keys that can be used, and policies. */
export async function needsOfProvider(
  db: Database,
  organisationId: string,
  provider: ListedProvider,
  trustedHosts: readonly string[],
): Promise<readonly string[]> {
  const { workspaceId, slug } = provider
  const { items: configs } = await listConfigs(db, organisationId, { workspaceId })
  const keys = await liveKeys(db, organisationId, workspaceId)
  const names = (document: string) => {
    const read = readConfig(document, UNSAVED, { mayChooseHost: { trusted: trustedHosts } })
    return read.providers?.some((named) => named.slug === slug) ?? false
  }
  return [
    ...configs
      .filter(({ status, version }) => status === 'active' && names(version.document))
      .map((config) => `the config ${config.slug}`),
    ...keys.filter(({ defaults }) => defaults.provider === `@${slug}`).map(({ name }) => `the key “${name}”`),
    ...(await policiesNamingProvider(db, organisationId, provider)),
  ]
}

const UNSAVED = { id: undefined, versionId: undefined }

async function liveKeys(db: Database, organisationId: string, workspaceId: string) {
  const everyOne = { offset: 0, limit: 100_000 }
  return (await listKeys(db, organisationId, { workspaceId, hideRevoked: true }, everyOne, 0)).items
}
