import type { Platform } from '../adapter.ts'

/** Platforms whose tables differ from Anthropic's own API. */
export const NARROWER_PLATFORMS = [
  'bedrock-invoke',
  'bedrock-messages',
  'bedrock-mantle',
  'vertex',
  'foundry',
  'foundry-azure',
  'compatible',
] as const satisfies readonly Platform[]
export type NarrowerPlatform = (typeof NARROWER_PLATFORMS)[number]

/** Anthropic's API, whoever stands in front of it, takes all there is; the tables speak of the others. */
export function isNarrower(platform: Platform): platform is NarrowerPlatform {
  return (NARROWER_PLATFORMS as readonly Platform[]).includes(platform)
}

const MEGABYTE = 1_048_576

/** The largest body that a platform reads, in bytes. A host of unknown make says so itself. */
export const BODY_BYTES_MAX: Readonly<Record<Platform, number>> = {
  anthropic: 32 * MEGABYTE,
  'bedrock-invoke': 20 * MEGABYTE,
  'bedrock-messages': 20 * MEGABYTE,
  'bedrock-mantle': 20 * MEGABYTE,
  'claude-platform-aws': 32 * MEGABYTE,
  vertex: 30 * MEGABYTE,
  'vertex-anthropic': 32 * MEGABYTE,
  foundry: 32 * MEGABYTE,
  'foundry-azure': 32 * MEGABYTE,
  compatible: Number.POSITIVE_INFINITY,
}

/** One value for each of the narrower platforms: the same for all, but for those that are named. */
export function each<Value>(
  value: Value,
  others: Partial<Record<NarrowerPlatform, Value>> = {},
): Readonly<Record<NarrowerPlatform, Value>> {
  return {
    'bedrock-invoke': value,
    'bedrock-messages': value,
    'bedrock-mantle': value,
    vertex: value,
    foundry: value,
    'foundry-azure': value,
    compatible: value,
    ...others,
  }
}
