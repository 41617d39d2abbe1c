import { expect, test } from 'vitest'
import { header } from '../core/headers.ts'
import type { WireRequest } from '../providers/adapter.ts'
import { withForwarded } from './model-call.ts'

const REQUEST: WireRequest = {
  method: 'POST',
  origin: 'https://provider.example',
  path: '/v1/messages',
  headers: ['x-kept', 'as the dialect has it'],
  body: [Buffer.from('{}')],
}

test('a line that the dialect left out is copied, and one that it has stays as it is', () => {
  const client = ['X-Real-Ip', '10.1.1.1', 'x-kept', 'forged']
  const { headers } = withForwarded(REQUEST, ['x-real-ip', 'x-kept', 'x-missing'], client)
  expect(headers).toEqual([...REQUEST.headers, 'x-real-ip', '10.1.1.1'])
})

test.each([
  'anthropic-beta',
  'anthropic-workspace-id',
  'api-key',
  'authorization',
  'x-amz-security-token',
  'x-amzn-bedrock-guardrailidentifier',
  'x-amzn-bedrock-performanceconfig-latency',
  'x-api-key',
  'x-goog-user-project',
])('%s is for the account and its dialect to choose, whoever asks for it to be forwarded', (name) => {
  const { headers } = withForwarded(REQUEST, [name], [name, 'the caller’s own'])
  expect(header(headers, name)).toBeUndefined()
})
