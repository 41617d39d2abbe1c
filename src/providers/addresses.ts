import type { Platform, ProviderKind, ProviderSettings } from './adapter.ts'

/** Where an account's calls go, and which surface answers there. */
export interface UpstreamAddress {
  /** Scheme, host and port; also what its credential is sealed for. */
  readonly origin: string
  /** The path before `/messages` or `/model`, without a slash at its end. */
  readonly basePath: string
  readonly platform: Platform
}

/**
 * Each kind's own address, by the account's settings. Regions and resources come from an administrator's hand and were checked when they were
 * saved; `URL_LABEL` is asked again here, because a `#` or `/` in one would choose another host. Throws `RangeError` for such a one.
 *
 * The scripted provider lives in this process and has no address.
 */
export function addressOf(kind: ProviderKind, settings: ProviderSettings): UpstreamAddress {
  const own = ownAddress(kind, settings)
  const written = settings.custom_host
  if (written === undefined || !URL.canParse(written)) return own
  const { origin, pathname } = new URL(written)
  return { ...own, origin, basePath: pathname.replace(/\/+$/, '') }
}

function ownAddress(kind: ProviderKind, settings: ProviderSettings): UpstreamAddress {
  switch (kind) {
    case 'anthropic': {
      const platform = settings.compatibility === 'compatible' ? 'compatible' : 'anthropic'
      return { origin: 'https://api.anthropic.com', basePath: '/v1', platform }
    }
    case 'bedrock':
      return bedrockAddress(settings)
    case 'claude-platform-aws': {
      const region = label(awsRegionOf(settings))
      return {
        origin: `https://aws-external-anthropic.${region}.api.aws`,
        basePath: '/v1',
        platform: 'claude-platform-aws',
      }
    }
    case 'vertex-ai':
      return vertexAddress(settings)
    case 'azure-ai':
      return foundryAddress(settings)
    case 'scripted':
      return { origin: 'scripted:', basePath: '', platform: 'anthropic' }
  }
}

function bedrockAddress(settings: ProviderSettings): UpstreamAddress {
  const { bedrock_surface } = settings
  const region = label(awsRegionOf(settings))
  const runtime = `https://bedrock-runtime.${region}.amazonaws.com`
  if (bedrock_surface === 'messages') {
    return { origin: runtime, basePath: '/anthropic/v1', platform: 'bedrock-messages' }
  }
  if (bedrock_surface === 'mantle') {
    return { origin: `https://bedrock-mantle.${region}.api.aws`, basePath: '/anthropic/v1', platform: 'bedrock-mantle' }
  }
  return { origin: runtime, basePath: '', platform: 'bedrock-invoke' }
}

/** The region of an account at AWS; the first that AWS had, where none is named. */
export function awsRegionOf({ aws_region }: ProviderSettings): string {
  return aws_region ?? 'us-east-1'
}

function vertexAddress({ vertex_region = 'global', vertex_surface }: ProviderSettings): UpstreamAddress {
  const region = label(vertex_region)
  if (vertex_surface === 'anthropic') {
    return { origin: 'https://claude.googleapis.com', basePath: '', platform: 'vertex-anthropic' }
  }
  return { origin: `https://${vertexHost(region)}`, basePath: '', platform: 'vertex' }
}

function vertexHost(region: string): string {
  if (region === 'global') return 'aiplatform.googleapis.com'
  if (region === 'us' || region === 'eu') return `aiplatform.${region}.rep.googleapis.com`
  return `${region}-aiplatform.googleapis.com`
}

function foundryAddress({ azure_foundry_url, azure_hosting }: ProviderSettings): UpstreamAddress {
  const platform = azure_hosting === 'azure' ? 'foundry-azure' : 'foundry'
  // Without a resource there is nothing to reach; saving refuses that, and a host that does not exist is the answer to a damaged row.
  if (azure_foundry_url === undefined || !URL.canParse(azure_foundry_url)) {
    return { origin: 'https://unset.services.ai.azure.com', basePath: '/anthropic/v1', platform }
  }
  const { origin } = new URL(azure_foundry_url)
  return { origin, basePath: '/anthropic/v1', platform }
}

/** Letters, digits and inner hyphens: what may stand in a host name or in a step of a path. */
export const URL_LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/

function label(text: string): string {
  if (URL_LABEL.test(text)) return text
  throw new RangeError(`${JSON.stringify(text.slice(0, 80))} is not the name of a region`)
}
