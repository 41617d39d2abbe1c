import { afterSlash, plainModelName } from '../core/model-names.ts'
import type { Platform, ProviderSettings, WireModel } from './adapter.ts'
import { awsRegionOf } from './addresses.ts'

/**
 * How a model is spelled at an account. The account's own `model_map` decides first: by the client's very name, then by the plain one. A
 * name in the platform's own spelling is taken as it is; Claude's names, in whatever spelling, are put into the platform's.
 */
export function wireModel(platform: Platform, settings: ProviderSettings, model: string): WireModel {
  const own = mapped(settings, model) ?? mapped(settings, plainModelName(model))
  const id = own ?? spell(platform, settings, withoutWindow(model))
  return { id, priceScope: priceScope(platform, settings, id) }
}

/** What every object inherits is no model that somebody has mapped. */
function mapped({ model_map: map }: ProviderSettings, model: string): string | undefined {
  return map !== undefined && Object.hasOwn(map, model) ? map[model] : undefined
}

/** The id of a model without region and profile, as Bedrock counts tokens by it; undefined where an ARN hides the model. */
export function foundationId(id: string): string | undefined {
  if (id.startsWith('arn:') && !/:(?:inference-profile|foundation-model)\//.test(id)) return undefined
  return afterSlash(id).replace(/^[a-z-]+\.(?=anthropic\.)/, '')
}

/**
 * The models that carry a date, or a tail, at some platform; every later one has the same name everywhere. Platforms' model pages, as of
 * 23 November 2026.
 */
const SPELLINGS: Readonly<Record<string, { readonly date?: string; readonly bedrock: string }>> = {
  'claude-opus-4-6': { bedrock: 'claude-opus-4-6-v1' },
  'claude-opus-4-5': { date: '20251101', bedrock: 'claude-opus-4-5-20251101-v1:0' },
  'claude-sonnet-4-5': { date: '20250929', bedrock: 'claude-sonnet-4-5-20250929-v1:0' },
  'claude-haiku-4-5': { date: '20251001', bedrock: 'claude-haiku-4-5-20251001-v1:0' },
}

function spell(platform: Platform, settings: ProviderSettings, model: string): string {
  if (!plainModelName(model).startsWith('claude-')) return model
  switch (platform) {
    case 'bedrock-invoke':
    case 'bedrock-messages':
      if (isBedrockId(model)) return model
      return `${settings.bedrock_profile ?? profileOf(awsRegionOf(settings))}.anthropic.${bedrockName(model)}`
    case 'bedrock-mantle':
      // Mantle answers 404 to a profile's prefix, and to a date.
      return model.startsWith('arn:') ? model : `anthropic.${plainModelName(model)}`
    case 'vertex':
      return vertexName(model)
    case 'anthropic':
    case 'claude-platform-aws':
    case 'vertex-anthropic':
    case 'foundry':
    case 'foundry-azure':
      return isBedrockId(model) || model.includes('@') ? plainModelName(model) : model
    case 'compatible':
      return model
  }
}

function isBedrockId(model: string): boolean {
  return model.startsWith('arn:') || /^(?:[a-z-]+\.)?anthropic\./.test(model)
}

function bedrockName(model: string): string {
  const plain = plainModelName(model)
  const known = SPELLINGS[plain]?.bedrock
  if (known !== undefined) return known
  // Models that were dated when the table began have left it, and are still served to some: all of them ended like this.
  const date = dateOf(model)
  return date === undefined ? plain : `${plain}-${date}-v1:0`
}

function vertexName(model: string): string {
  if (model.includes('@')) return model
  const plain = plainModelName(model)
  const date = SPELLINGS[plain]?.date ?? dateOf(model)
  return date === undefined ? plain : `${plain}@${date}`
}

function dateOf(model: string): string | undefined {
  return /[-@](\d{8})(?=$|-v\d)/.exec(model)?.[1]
}

/** `[1m]` asks Claude Code for a window; no provider has it in a name. */
function withoutWindow(model: string): string {
  return model.replace(/\[\w+\]$/, '')
}

/** Which geography keeps a region's requests inside it. Regions without one are served by the global profile. */
const PROFILES: readonly (readonly [RegExp, string])[] = [
  [/^us-gov-/, 'us-gov'],
  [/^us-/, 'us'],
  [/^eu-/, 'eu'],
  [/^ap-northeast-[13]$/, 'jp'],
  [/^ap-southeast-[24]$/, 'au'],
  [/^ap-south-[12]$/, 'in'],
]

function profileOf(region: string): string {
  return PROFILES.find(([regions]) => regions.test(region))?.[1] ?? 'global'
}

/** Regional and geographic endpoints cost a tenth more than global ones; where only the answer tells, it is `reported`. */
function priceScope(platform: Platform, settings: ProviderSettings, id: string): WireModel['priceScope'] {
  switch (platform) {
    case 'bedrock-invoke':
    case 'bedrock-messages':
    case 'bedrock-mantle':
      return afterSlash(id).startsWith('global.') ? 'global' : 'regional'
    case 'vertex':
      return (settings.vertex_region ?? 'global') === 'global' ? 'global' : 'regional'
    case 'foundry':
    case 'foundry-azure':
      return settings.azure_data_zone === 'us' ? 'regional' : 'global'
    case 'anthropic':
    case 'claude-platform-aws':
    case 'vertex-anthropic':
    case 'compatible':
      return 'reported'
  }
}
