import { expect, test } from 'vitest'
import { MASK, maskHeaders } from './mask-headers.ts'

test.for([
  'authorization',
  'Proxy-Authorization',
  'cookie',
  'set-cookie',
  'x-api-key',
  'X-Portkey-Api-Key',
  'apikey',
  'x-amz-security-token',
  'x-portkey-aws-secret-access-key',
  'x-portkey-vertex-service-account-json',
  'x-gitlab-token',
  'db_password',
  'cf-access-jwt-assertion',
])('the value of %s is masked', (name) => {
  expect(maskHeaders([name, 'Bearer abc'])).toEqual([name, MASK])
})

test.for([
  ['x-portkey-provider', '@prod'],
  ['x-portkey-config', '{"provider":"@prod","retry":{"attempts":3}}'],
  ['x-claude-code-session-id', '00000000-0000-4000-8000-000000000001'],
  ['anthropic-ratelimit-tokens-remaining', '17'],
  ['anthropic-beta', 'token-efficient-tools-2026-01-01'],
  ['user-agent', 'claude-cli/2.1.330 (external, cli)'],
] as const)('%s stays as it is', ([name, value]) => {
  expect(maskHeaders([name, value])).toEqual([name, value])
})

test('a key is masked wherever somebody has put it', () => {
  const note = 'mine is pcl_0123456789abcdef, hers pcla_0123456789abcdef, theirs sk-ant-api03-0123456789'
  expect(maskHeaders(['x-note', note])).toEqual(['x-note', `mine is ${MASK}, hers ${MASK}, theirs ${MASK}`])
})

test('a secret inside a config is masked, and nothing around it', () => {
  const config = '{"provider":"anthropic","api_key":"with \\"quotes\\"","aws_secret": "s","retry":{"attempts":1}}'
  expect(maskHeaders(['x-portkey-config', config])[1]).toBe(
    `{"provider":"anthropic","api_key":"${MASK}","aws_secret": "${MASK}","retry":{"attempts":1}}`,
  )
})

test('names that the request calls sensitive are masked, in any case', () => {
  expect(maskHeaders(['X-Customer', 'Jane', 'x-portkey-sensitive-headers', 'x-customer, x-other'])).toEqual([
    'X-Customer',
    MASK,
    'x-portkey-sensitive-headers',
    'x-customer, x-other',
  ])
})
