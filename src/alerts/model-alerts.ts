import type { Alert } from './alert.ts'

/** Of an exchange what is watched; records/record.ts has all of it. */
export interface PricedExchange {
  readonly organisationId: string | undefined
  readonly workspaceId: string | undefined
  readonly providerSlug: string | undefined
  readonly modelServed: string | undefined
  readonly modelAsked: string | undefined
  readonly priceFlag: 'listed' | 'unknown_model' | 'free' | undefined
}

/** A model that was served and that the price table does not have. */
export interface UnpricedModel {
  readonly organisationId: string
  readonly workspaceId: string
  readonly provider: string
  readonly model: string
}

/** So many are told of until the next start; names of models come from outside. */
const MODELS_MAX = 200

/** A recorder that also notices models without a price, each once in its workspace. */
export function watchPrices<Row extends PricedExchange>(
  recorder: { record(row: Row): void },
  tell: (model: UnpricedModel) => void,
): { record(row: Row): void } {
  const told = new Set<string>()

  return {
    record(row) {
      recorder.record(row)
      if (row.priceFlag === 'unknown_model') notice(row)
    },
  }

  function notice({ organisationId, workspaceId, providerSlug, modelServed, modelAsked }: PricedExchange): void {
    const model = modelServed ?? modelAsked
    if (organisationId === undefined || workspaceId === undefined || model === undefined) return
    const name = JSON.stringify([workspaceId, model])
    if (told.has(name) || told.size >= MODELS_MAX) return
    told.add(name)
    tell({ organisationId, workspaceId, provider: providerSlug ?? 'none', model: model.slice(0, 200) })
  }
}

export function modelUnpriced({ organisationId, workspaceId, provider, model }: UnpricedModel, now: number): Alert {
  return {
    kind: 'model.unpriced',
    identity: JSON.stringify([workspaceId, model]),
    organisationId,
    workspaceId,
    at: now,
    severity: 'warning',
    title: `There is no price for the model ${model}`,
    text: `The provider @${provider} served ${model}, which the price table does not have. It is charged at the dearest price that is known; add its own with POST /v1/prices.`,
    data: { model, provider: `@${provider}` },
    addresses: [],
  }
}
