import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { openManifest, sealManifest } from './manifest.ts'
import { BrokenSealError, openBytes, sealBytes, unwrapKey, wrapKey } from './seal.ts'

const key = randomBytes(32)
const place = { kind: 'segment', chapter: 'one', number: 3 } as const

test('what was sealed opens again, whatever it is', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 5_000 }), fc.nat(), (bytes, number) => {
      const at = { ...place, number }
      expect(openBytes(key, at, sealBytes(key, at, Buffer.from(bytes)))).toEqual(Buffer.from(bytes))
    }),
  )
})

test.each([
  ['another chapter', { ...place, chapter: 'two' }, key],
  ['another number', { ...place, number: 4 }, key],
  ['another kind', { ...place, kind: 'manifest' as const }, key],
  ['another key', place, randomBytes(32)],
])('a seal does not open in %s', (_, where, with_) => {
  expect(() => openBytes(with_, where, sealBytes(key, place, Buffer.from('bytes')))).toThrow(BrokenSealError)
})

test('no two seals under one key have a nonce in common, also not of different kinds', () => {
  const places = [place, { ...place, number: 4 }, { ...place, kind: 'manifest' as const }]
  // Bytes that were enciphered with the same nonce come out the same.
  const enciphered = places.map((each) => sealBytes(key, each, Buffer.alloc(16)).toString('hex', 1, 17))
  expect(new Set(enciphered).size).toBe(places.length)
})

test('a seal with one wrong bit, or cut anywhere, does not open', () => {
  const sealed = sealBytes(key, place, Buffer.from('some bytes that are sealed'))
  for (let at = 0; at < sealed.length; at++) {
    const wrong = Buffer.from(sealed)
    wrong[at] = wrong[at]! ^ 1
    expect(() => openBytes(key, place, wrong)).toThrow(BrokenSealError)
    expect(() => openBytes(key, place, sealed.subarray(0, at))).toThrow(BrokenSealError)
  }
})

test('the key of a chapter opens with that of its workspace, for that chapter only', () => {
  const workspaceKey = randomBytes(32)
  const wrapped = wrapKey(workspaceKey, 'one', key)
  expect(unwrapKey(workspaceKey, 'one', wrapped)).toEqual(key)
  expect(wrapped.includes(key)).toBe(false)
  expect(() => unwrapKey(workspaceKey, 'two', wrapped)).toThrow(BrokenSealError)
  expect(() => unwrapKey(key, 'one', wrapped)).toThrow(BrokenSealError)
  expect(() => unwrapKey(workspaceKey, 'one', wrapped.subarray(0, 5))).toThrow(BrokenSealError)
})

test('a manifest says what it said, and of no other body', () => {
  const manifest = {
    kept: true,
    bytes: 20,
    sha256: randomBytes(32),
    ranges: [
      { segment: 0, offset: 5, length: 10 },
      { segment: 3, offset: 0, length: 10 },
    ],
    fresh: [{ offset: 10, length: 10 }],
    masked: [{ offset: 2, length: 3, rule: 'email' }],
  }
  const name = { exchangeId: 'req_1', kind: 'response', ordinal: 0 } as const
  const sealed = sealManifest(key, 'one', 7, name, manifest)
  expect(openManifest(key, 'one', name, sealed)).toEqual(manifest)
  for (const other of [
    { ...name, exchangeId: 'req_2' },
    { ...name, ordinal: 1 },
    { ...name, kind: 'envelope' as const },
  ]) {
    expect(() => openManifest(key, 'one', other, sealed)).toThrow(BrokenSealError)
  }
  expect(() => openManifest(key, 'two', name, sealed)).toThrow(BrokenSealError)
  expect(() => openManifest(key, 'one', name, sealed.subarray(0, 3))).toThrow(BrokenSealError)
})
