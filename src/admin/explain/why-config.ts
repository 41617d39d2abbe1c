import type { ApiKey } from '../../store/keys.ts'
import type { Workspace } from '../../store/workspaces.ts'

/** Why requests of this key follow that config, or none, in one sentence. The order is that of the data plane. */
export function whyConfig(
  { defaults, kind }: Pick<ApiKey, 'defaults' | 'kind'>,
  workspace: Workspace | undefined,
  followed: string | undefined,
  provider: string | undefined,
): string {
  if (followed === undefined) {
    return provider !== undefined && (defaults.config ?? workspace?.defaults.config) !== undefined
      ? 'The request names a provider, so it follows no config.'
      : 'Neither the key nor its workspace has a config.'
  }
  const locked = defaults.allowConfigOverride === false ? ' A request cannot name another one.' : ''
  return `${sourceOf(followed, defaults.config, kind, workspace)}${locked}`
}

function sourceOf(
  followed: string,
  own: string | null | undefined,
  kind: ApiKey['kind'],
  workspace: Workspace | undefined,
): string {
  if (own === followed) return 'The key names it.'
  if (kind === 'workspace-user' && workspace?.defaults.userKeyConfig === followed) {
    return 'The workspace names it for the keys of people.'
  }
  if (workspace?.defaults.config === followed) return 'The workspace names it.'
  return 'It is the default config of the workspace.'
}
