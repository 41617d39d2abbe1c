import type { Bucket, LimitedCall } from '../../limits/limit.ts'
import type { Planned, Target } from '../exchange.ts'

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

/** All limits that a call comes under by its own model, and by those that help with it: none is a way around what stands at another. */
export function limitsOf<Limit extends { readonly bucket: Bucket }>(
  exchange: Pick<Planned, 'caller' | 'endpoint' | 'plan'>,
  target: Target,
  find: (call: LimitedCall) => readonly Limit[],
): readonly Limit[] {
  const call = limitedCall(exchange, target)
  if (target.others.length === 0) return find(call)
  const models = [target.model, ...target.others.map(({ model }) => model)]
  return [
    ...new Map(models.flatMap((model) => find({ ...call, model })).map((limit) => [limit.bucket, limit])).values(),
  ]
}
