import { type TestGateway, type TestGatewayOptions, UPSTREAM_CREDENTIAL, startGateway } from './gateway.ts'
import { type BedrockStandIn, type BedrockStandInOptions, startBedrockStandIn } from './stand-ins/bedrock.ts'
import { type VertexStandIn, type VertexStandInOptions, startVertexStandIn } from './stand-ins/vertex.ts'

/**
 * A gateway with the providers `@anthropic-prod`, `@bedrock-prod` and `@vertex-prod` in front of three stand-ins, and a saved
 * config that falls back from each to the next.
 */
export interface ThreeProviders extends Pick<TestGateway, 'url' | 'admin' | 'createKey' | 'logs' | 'summary'> {
  /** A developer's key that follows the saved config. */
  readonly key: string
  /** `pc-…` of the saved config. */
  readonly config: string
  readonly anthropic: TestGateway['upstream']
  readonly bedrock: BedrockStandIn
  readonly vertex: VertexStandIn
  stop(): Promise<void>
}

export interface ThreeProvidersOptions {
  readonly anthropic?: TestGatewayOptions['upstream']
  readonly bedrock?: BedrockStandInOptions
  readonly vertex?: VertexStandInOptions
  /** Further settings, as in the environment. */
  readonly settings?: TestGatewayOptions['settings']
  /** The saved config; without, the fallback over all three. */
  readonly document?: object
}

/** From each provider to the next. */
export const FALLBACK = {
  strategy: { mode: 'fallback' },
  targets: [{ provider: '@anthropic-prod' }, { provider: '@bedrock-prod' }, { provider: '@vertex-prod' }],
}

export async function startThreeProviders(options: ThreeProvidersOptions = {}): Promise<ThreeProviders> {
  const bedrock = await startBedrockStandIn(options.bedrock)
  const vertex = await startVertexStandIn(options.vertex)
  const gateway = await startGateway({
    ...(options.anthropic !== undefined && { upstream: options.anthropic }),
    ...(options.settings !== undefined && { settings: options.settings }),
    trustedHosts: [...bedrock.trustedHosts, ...vertex.trustedHosts],
  })
  const anthropic = gateway.upstream

  const addProvider = (slug: string, ai_provider_id: string, account: object) =>
    gateway.admin('POST', '/integrations', {
      name: slug,
      slug,
      default_provider_slug: slug,
      ai_provider_id,
      ...account,
    })
  await addProvider('anthropic-prod', 'anthropic', {
    key: UPSTREAM_CREDENTIAL,
    configurations: { custom_host: `${anthropic.origin}/v1` },
  })
  await addProvider('bedrock-prod', 'bedrock', { key: bedrock.key, configurations: bedrock.configurations })
  await addProvider('vertex-prod', 'vertex-ai', { configurations: vertex.configurations })

  const saved = await gateway.admin<{ slug: string }>('POST', '/configs', {
    name: 'production',
    config: options.document ?? FALLBACK,
  })
  const { key } = await gateway.createKey({ defaults: { config_id: saved.slug } })

  return {
    url: gateway.url,
    admin: gateway.admin,
    createKey: gateway.createKey,
    logs: gateway.logs,
    summary: gateway.summary,
    key,
    config: saved.slug,
    anthropic,
    bedrock,
    vertex,
    async stop() {
      await gateway.stop()
      await bedrock.stop()
      await vertex.stop()
    },
  }
}
