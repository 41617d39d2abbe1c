import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createKeyMaker, isWholeKey, sameHash } from './api-key.ts'

const maker = createKeyMaker(randomBytes(32))
const kinds = ['organisation-service', 'workspace-service', 'workspace-user'] as const

test('a key begins with what it is for and is recognised as whole', () => {
  for (const kind of kinds) {
    const { secret } = maker.make(kind)
    expect(secret).toMatch(kind === 'organisation-service' ? /^pcla_[0-9A-Za-z]{40}$/ : /^pcl_[0-9A-Za-z]{40}$/)
    expect(isWholeKey(secret)).toBe(true)
  }
})

test('no two keys are alike', () => {
  const keys = new Set(Array.from({ length: 1000 }, () => maker.make('workspace-user').secret))
  expect(keys.size).toBe(1000)
})

test('a key with one wrong letter is not whole', () => {
  const { secret } = maker.make('workspace-user')
  for (let at = 4; at < secret.length; at++) {
    const wrong = secret[at] === 'x' ? 'y' : 'x'
    expect(isWholeKey(secret.slice(0, at) + wrong + secret.slice(at + 1))).toBe(false)
  }
})

test.each(['', 'pcl_', 'pcla_', 'sk-ant-api03-abcdefghijklmnopqrstuvwxyz0123456789', 'pcl_short'])(
  '%j is not whole',
  (text) => {
    expect(isWholeKey(text)).toBe(false)
  },
)

test('a key with anything cut off or added is not whole', () => {
  const { secret } = maker.make('workspace-service')
  fc.assert(fc.property(fc.integer({ min: 0, max: secret.length - 1 }), (end) => !isWholeKey(secret.slice(0, end))))
  for (const wrong of [`${secret}x`, ` ${secret}`, `${secret}\n`, `x${secret}`]) expect(isWholeKey(wrong)).toBe(false)
})

test('what is stored and what is shown do not hold the key', () => {
  const { secret, hash, masked } = maker.make('workspace-user')
  expect(hash).toMatch(/^[0-9a-f]{64}$/)
  expect(masked).toBe(`pcl_••••${secret.slice(-4)}`)
})

test('a secret has one hash under one pepper and another under another', () => {
  expect(maker.hash('secret')).toBe(maker.hash('secret'))
  expect(createKeyMaker(randomBytes(32)).hash('secret')).not.toBe(maker.hash('secret'))
})

test('hashes are the same only when they are', () => {
  expect(sameHash('abcd', 'abcd')).toBe(true)
  expect(sameHash('abcd', 'abce')).toBe(false)
  expect(sameHash('abcd', 'abc')).toBe(false)
})
