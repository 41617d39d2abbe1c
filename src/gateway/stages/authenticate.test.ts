import { describe, expect, it } from 'vitest'
import { GatewayError } from '../../core/errors.ts'
import type { Caller } from '../exchange.ts'
import type { KeyLookup, Keys } from '../parts.ts'
import { chooseCredential, findCaller } from './authenticate.ts'

const OURS = 'pcl_ours'
const OTHER = 'pcl_other'

const keys: Pick<Keys, 'find' | 'isOurs'> = {
  isOurs: (secret) => secret.startsWith('pcl_'),
  find: (secret): KeyLookup => states[secret] ?? { state: 'unknown' },
}
const states: Record<string, KeyLookup> = {
  [OURS]: { state: 'active', caller: { keyName: 'ours' } as Caller },
  pcl_revoked: { state: 'revoked' },
  pcl_suspended: { state: 'suspended' },
  pcl_expired: { state: 'expired', at: Date.UTC(2026, 0, 2) },
  pcla_admin: { state: 'administrative' },
}

describe('one key is found among the credentials that clients send', () => {
  // Each row is a way in which settings files, SDKs and helpers are known to fill in the three headers.
  const rows: [situation: string, headers: string[], chosen: string][] = [
    ['the token variable: bearer alone', ['Authorization', `Bearer ${OURS}`], OURS],
    ['the key variable: x-api-key alone', ['x-api-key', OURS], OURS],
    ['the key in Portkey’s header alone', ['x-portkey-api-key', OURS], OURS],
    [
      'the same key as bearer and in Portkey’s header',
      ['Authorization', `Bearer ${OURS}`, 'x-portkey-api-key', OURS],
      OURS,
    ],
    [
      'a placeholder bearer beside Portkey’s header',
      ['Authorization', 'Bearer dummy', 'x-portkey-api-key', OURS],
      OURS,
    ],
    ['a placeholder x-api-key beside Portkey’s header', ['X-Api-Key', 'dummy', 'x-portkey-api-key', OURS], OURS],
    [
      'a helper’s output in both, Portkey’s header beside',
      ['Authorization', 'Bearer x', 'x-api-key', 'x', 'x-portkey-api-key', OURS],
      OURS,
    ],
    ['a helper that prints our key: the same in both', ['Authorization', `Bearer ${OURS}`, 'x-api-key', OURS], OURS],
    ['a provider’s key left in x-api-key', ['Authorization', `Bearer ${OURS}`, 'x-api-key', 'sk-ant-api03-x'], OURS],
    ['a provider’s token left in the bearer', ['Authorization', 'Bearer sk-ant-oat01-x', 'x-api-key', OURS], OURS],
    [
      'two strangers: the bearer is what the client prefers',
      ['Authorization', 'Bearer one', 'x-api-key', 'two'],
      'one',
    ],
    [
      'another one of ours beside Portkey’s header',
      ['Authorization', `Bearer ${OTHER}`, 'x-portkey-api-key', OURS],
      OURS,
    ],
    ['an empty Portkey header', ['Authorization', `Bearer ${OURS}`, 'x-portkey-api-key', ''], OURS],
    ['an empty x-api-key', ['Authorization', `Bearer ${OURS}`, 'x-api-key', ''], OURS],
    ['the key without the word Bearer', ['Authorization', OURS], OURS],
    ['space around the key', ['Authorization', `bearer   ${OURS} `], OURS],
    [
      'a subscription’s sign-in beside Portkey’s header',
      ['Authorization', 'Bearer sk-ant-oat01-x', 'x-portkey-api-key', OURS],
      OURS,
    ],
  ]
  it.each(rows)('%s', (_situation, headers, chosen) => {
    expect(chooseCredential(keys, headers)).toBe(chosen)
  })

  it('two different keys of ours are refused, because nobody can tell which is meant', () => {
    const headers = ['Authorization', `Bearer ${OURS}`, 'x-api-key', OTHER]
    expect(codeOf(() => chooseCredential(keys, headers))).toBe('key.ambiguous')
  })

  it('no credential, or one of another scheme, is a missing key', () => {
    expect(codeOf(() => chooseCredential(keys, []))).toBe('key.missing')
    expect(codeOf(() => chooseCredential(keys, ['Authorization', 'Basic dXNlcjpwYXNz']))).toBe('key.missing')
  })
})

describe('a key that cannot be used is told apart by its state', () => {
  it.each([
    ['pcl_revoked', 'key.revoked', /revoked/],
    ['pcl_suspended', 'user.suspended', /suspended/],
    ['pcl_expired', 'key.expired', /2026-01-02/],
    ['pcla_admin', 'key.scope', /administrator/],
    ['pcl_other', 'key.unknown', /another gateway/],
    ['sk-ant-oat01-x', 'key.unknown', /claude\.ai sign-in/],
    ['sk-ant-api03-x', 'key.unknown', /Anthropic’s own API/],
    ['dummy', 'key.unknown', /begin with pcl_/],
  ])('%s is %s', (secret, code, text) => {
    const refusal = refusalOf(() => findCaller(keys, ['authorization', `Bearer ${secret}`]))
    expect(refusal.code).toBe(code)
    expect(refusal.message).toMatch(text)
  })

  it('a refusal never repeats the credential', () => {
    const secret = 'sk-ant-api03-something-private'
    expect(refusalOf(() => findCaller(keys, ['x-api-key', secret])).message).not.toContain('private')
  })

  it('an active key is its caller', () => {
    expect(findCaller(keys, ['authorization', `Bearer ${OURS}`]).keyName).toBe('ours')
  })
})

function refusalOf(act: () => unknown): GatewayError {
  try {
    act()
  } catch (error) {
    if (error instanceof GatewayError) return error
  }
  throw new Error('nothing was refused')
}

function codeOf(act: () => unknown): string {
  return refusalOf(act).code
}
