import type { Clock } from '../core/clock.ts'
import type { Adapter, ProviderKind, Signer, Transport } from './adapter.ts'
import { anthropicAdapter, anthropicSigner } from './anthropic.ts'
import { createAwsSigner } from './aws/signer.ts'
import { bedrockAdapter } from './bedrock/adapter.ts'
import { claudePlatformAwsAdapter } from './claude-platform-aws.ts'
import { foundryAdapter } from './foundry/foundry-adapter.ts'
import { createFoundrySigner } from './foundry/foundry-signer.ts'
import { createGoogleSigner } from './google/google-signer.ts'
import { createScriptedTransport } from './scripted/transport.ts'
import { createTokenExchange } from './token-exchange.ts'
import { createHttpTransport } from './transport.ts'
import { vertexAdapter } from './vertex/vertex-adapter.ts'

/** Dialect, identity and way of every kind, and what they share. */
export interface Providers {
  readonly byKind: Readonly<
    Record<ProviderKind, { readonly adapter: Adapter; readonly signer: Signer; readonly transport: Transport }>
  >
  close(): Promise<void>
}

export interface ProvidersParts {
  readonly clock: Clock
  readonly trustedHosts: readonly string[]
}

export function createProviders({ clock, trustedHosts }: ProvidersParts): Providers {
  const transport = createHttpTransport()
  const scripted = createScriptedTransport({ clock })
  const exchange = createTokenExchange({ clock, trustedHosts })
  const aws = createAwsSigner({ clock })
  const google = createGoogleSigner({ clock, exchange, trustedHosts })
  const foundry = createFoundrySigner({ clock, exchange })
  return {
    byKind: {
      anthropic: { adapter: anthropicAdapter, signer: anthropicSigner, transport },
      bedrock: { adapter: bedrockAdapter, signer: aws, transport },
      'claude-platform-aws': { adapter: claudePlatformAwsAdapter, signer: aws, transport },
      'vertex-ai': { adapter: vertexAdapter, signer: google, transport },
      'azure-ai': { adapter: foundryAdapter, signer: foundry, transport },
      scripted: { adapter: anthropicAdapter, signer: anthropicSigner, transport: scripted },
    },
    async close() {
      await Promise.all([transport.close(), scripted.close(), exchange.close()])
    },
  }
}
