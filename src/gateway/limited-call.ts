import type { LimitedCall } from '../limits/limit.ts'
import type { Planned, Target } from './exchange.ts'

/** What limits look at in a call to one target. */
export function limitedCall(
  { caller, endpoint, plan }: Pick<Planned, 'caller' | 'endpoint' | 'plan'>,
  { upstream, model }: Target,
): LimitedCall {
  const { organisationId, workspaceId, userId, keyId } = caller
  return {
    organisationId,
    workspaceId,
    userId,
    keyId,
    endpoint,
    metadata: plan.metadata,
    providerId: upstream.providerId,
    providerSlug: upstream.slug,
    integrationId: upstream.integrationId,
    model,
    configId: plan.config.id,
  }
}
