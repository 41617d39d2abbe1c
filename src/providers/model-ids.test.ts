import { expect, test } from 'vitest'
import type { Platform, ProviderSettings } from './adapter.ts'
import { foundationId, wireModel } from './model-ids.ts'

const FRANKFURT: ProviderSettings = { aws_region: 'eu-central-1' }
const PROFILE_ARN = 'arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123'

test.each<[Platform, ProviderSettings, string, string, string]>([
  ['bedrock-invoke', { aws_region: 'us-west-2' }, 'claude-opus-5-5', 'us.anthropic.claude-opus-5-5', 'regional'],
  ['bedrock-invoke', FRANKFURT, 'claude-opus-4-6', 'eu.anthropic.claude-opus-4-6-v1', 'regional'],
  ['bedrock-invoke', FRANKFURT, 'claude-sonnet-5[1m]', 'eu.anthropic.claude-sonnet-5', 'regional'],
  ['bedrock-invoke', FRANKFURT, 'claude-haiku-4-5', 'eu.anthropic.claude-haiku-4-5-20251001-v1:0', 'regional'],
  ['bedrock-invoke', { aws_region: 'ap-northeast-3' }, 'claude-fable-5', 'jp.anthropic.claude-fable-5', 'regional'],
  ['bedrock-invoke', { aws_region: 'ap-northeast-2' }, 'claude-fable-5', 'global.anthropic.claude-fable-5', 'global'],
  ['bedrock-invoke', { aws_region: 'ap-southeast-4' }, 'claude-fable-5', 'au.anthropic.claude-fable-5', 'regional'],
  ['bedrock-invoke', { aws_region: 'ap-south-2' }, 'claude-fable-5', 'in.anthropic.claude-fable-5', 'regional'],
  ['bedrock-invoke', { aws_region: 'us-gov-west-1' }, 'claude-fable-5', 'us-gov.anthropic.claude-fable-5', 'regional'],
  [
    'bedrock-invoke',
    { ...FRANKFURT, bedrock_profile: 'global' },
    'claude-opus-5',
    'global.anthropic.claude-opus-5',
    'global',
  ],
  ['bedrock-messages', FRANKFURT, 'us.anthropic.claude-opus-5', 'us.anthropic.claude-opus-5', 'regional'],
  ['bedrock-invoke', FRANKFURT, 'claude-sonnet-4-20250514', 'eu.anthropic.claude-sonnet-4-20250514-v1:0', 'regional'],
  ['bedrock-invoke', FRANKFURT, PROFILE_ARN, PROFILE_ARN, 'regional'],
  ['bedrock-invoke', { model_map: { 'claude-opus-5': PROFILE_ARN } }, 'claude-opus-5[1m]', PROFILE_ARN, 'regional'],
  ['bedrock-invoke', FRANKFURT, 'amazon.nova-pro-v1:0', 'amazon.nova-pro-v1:0', 'regional'],
  ['bedrock-mantle', FRANKFURT, 'claude-haiku-4-5-20251001', 'anthropic.claude-haiku-4-5', 'regional'],
  ['bedrock-mantle', FRANKFURT, 'us.anthropic.claude-opus-5', 'anthropic.claude-opus-5', 'regional'],
  ['vertex', { vertex_region: 'global' }, 'claude-sonnet-4-5', 'claude-sonnet-4-5@20250929', 'global'],
  ['vertex', { vertex_region: 'europe-west1' }, 'claude-opus-4-5-20251101', 'claude-opus-4-5@20251101', 'regional'],
  ['vertex', {}, 'claude-opus-5-5[1m]', 'claude-opus-5-5', 'global'],
  ['vertex', {}, 'us.anthropic.claude-haiku-4-5-20251001-v1:0', 'claude-haiku-4-5@20251001', 'global'],
  ['foundry', {}, 'claude-sonnet-5', 'claude-sonnet-5', 'global'],
  [
    'foundry',
    { azure_data_zone: 'us', model_map: { 'claude-sonnet-5': 'our-sonnet' } },
    'claude-sonnet-5',
    'our-sonnet',
    'regional',
  ],
  ['claude-platform-aws', FRANKFURT, 'claude-opus-4-5-20251101', 'claude-opus-4-5-20251101', 'reported'],
  ['anthropic', {}, 'eu.anthropic.claude-opus-4-6-v1', 'claude-opus-4-6', 'reported'],
])('on %s with %j, %s is asked for as %s and priced %s', (platform, settings, model, id, priceScope) => {
  expect(wireModel(platform, settings, model)).toEqual({ id, priceScope })
})

test('an exact name in the model map goes before a plain one', () => {
  const model_map = { 'claude-sonnet-4-5': 'plain', 'claude-sonnet-4-5-20250929': 'exact' }
  expect(wireModel('foundry', { model_map }, 'claude-sonnet-4-5-20250929').id).toBe('exact')
})

test('a global profile named by an ARN is priced as global', () => {
  const arn = 'arn:aws:bedrock:eu-west-1:123456789012:inference-profile/global.anthropic.claude-opus-5'
  expect(wireModel('bedrock-invoke', {}, arn)).toEqual({ id: arn, priceScope: 'global' })
})

test.each([
  ['eu.anthropic.claude-opus-4-6-v1', 'anthropic.claude-opus-4-6-v1'],
  ['us-gov.anthropic.claude-opus-5', 'anthropic.claude-opus-5'],
  ['anthropic.claude-opus-5', 'anthropic.claude-opus-5'],
  ['arn:aws:bedrock:eu-west-1:1:inference-profile/eu.anthropic.claude-opus-5', 'anthropic.claude-opus-5'],
  [PROFILE_ARN, undefined],
])('tokens of %s are counted by %s', (id, expected) => {
  expect(foundationId(id)).toBe(expected)
})

test.each(['constructor', '__proto__', 'claude-3/toString'])(
  '%s, which every object has, is no name in a map',
  (model) => {
    const settings = { aws_region: 'us-east-1', model_map: { 'claude-opus-5': PROFILE_ARN } }
    expect(wireModel('bedrock-invoke', settings, model).id).toBe(model)
  },
)
