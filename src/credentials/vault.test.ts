import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SealError, createVault } from './vault.ts'

const sealing = randomBytes(32)
const vault = createVault(sealing)
const HOST = 'https://api.anthropic.com'

test('what was sealed opens again, whatever it is', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.uuid(), fc.webUrl(), (credential, integration, host) => {
      expect(vault.open(vault.seal(credential, integration, host), integration, host)).toBe(credential)
    }),
  )
})

test.each([
  ['another host', 'one', 'https://evil.example'],
  ['the same host on another port', 'one', `${HOST}:8443`],
  ['the same host without encryption', 'one', 'http://api.anthropic.com'],
  ['another integration', 'two', HOST],
])('a credential that was moved to %s does not open', (_, integration, host) => {
  const sealed = vault.seal('sk-ant-secret', 'one', HOST)
  expect(() => vault.open(sealed, integration, host)).toThrow(SealError)
})

test('a credential sealed under another master key does not open', () => {
  const sealed = createVault(randomBytes(32)).seal('sk-ant-secret', 'one', HOST)
  expect(() => vault.open(sealed, 'one', HOST)).toThrow(SealError)
})

test('an envelope in which any one bit was changed does not open', () => {
  const sealed = vault.seal('sk-ant-secret', 'one', HOST)
  const envelope = Buffer.from(sealed.slice('v1.'.length), 'base64')
  for (let bit = 0; bit < envelope.length * 8; bit++) {
    const changed = Buffer.from(envelope)
    changed[bit >> 3]! ^= 1 << (bit & 7)
    expect(() => vault.open(`v1.${changed.toString('base64')}`, 'one', HOST)).toThrow(SealError)
  }
})

test.each(['', 'v1', 'v1.', 'v2.AAAA', 'v1.AAAA', 'plain text'])('%j is no envelope', (text) => {
  expect(() => vault.open(text, 'one', HOST)).toThrow(SealError)
})

test('two envelopes of the same credential have nothing in common', () => {
  expect(vault.seal('sk-ant-secret', 'one', HOST)).not.toBe(vault.seal('sk-ant-secret', 'one', HOST))
})

test('neither an envelope nor a mask nor an error shows the credential', () => {
  const secret = 'sk-ant-api03-verysecretindeed'
  const sealed = vault.seal(secret, 'one', HOST)
  expect(Buffer.from(sealed.slice(3), 'base64').toString('latin1')).not.toContain('verysecret')
  expect(vault.mask(secret)).toBe('••••deed')
  expect(vault.mask('short')).toBe('••••')
  try {
    vault.open(sealed, 'two', HOST)
    expect.unreachable()
  } catch (error) {
    expect(String(error)).not.toContain('verysecret')
  }
})
