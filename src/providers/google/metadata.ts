import type { Clock } from '../../core/clock.ts'
import type { AccessToken } from '../access-tokens.ts'
import { readTokenAnswer } from '../token-answer.ts'
import { unavailable, type TokenExchange } from '../token-exchange.ts'

interface MetadataParts {
  readonly clock: Clock
  readonly exchange: TokenExchange
  readonly slug: string
  readonly metadataOrigin: string
}

const TOKEN_PATH = '/computeMetadata/v1/instance/service-accounts/default/token'

/**
 * The identity of the machine that the gateway runs on: Compute Engine, Cloud Run, or GKE with workload identity
 * (docs.cloud.google.com/compute/docs/access/authenticate-workloads).
 */
export async function metadataToken({ clock, exchange, slug, metadataOrigin }: MetadataParts): Promise<AccessToken> {
  const answer = await exchange.ask({
    method: 'GET',
    url: metadataOrigin + TOKEN_PATH,
    // Without it the server refuses, so that no careless fetch of an address can be led here.
    headers: { 'metadata-flavor': 'Google' },
  })
  // Without it somebody else has answered, such as the sign-in page of a network.
  if (answer.headers['metadata-flavor'] !== 'Google') {
    throw unavailable(
      `What was asked for @${slug} is no metadata server: it answered ${answer.status} without Metadata-Flavor`,
    )
  }
  return readTokenAnswer(answer, clock.now(), `The metadata server, asked for @${slug},`)
}
