import { expect, test } from 'vitest'
import { readTokenAnswer } from './token-answer.ts'

function read(document: object) {
  return readTokenAnswer({ status: 200, headers: {}, text: JSON.stringify(document) }, 1_000, 'The server')
}

test('a token serves for as long as its server says, an hour when it says nothing', () => {
  expect(read({ access_token: 'abc', expires_in: '60' })).toEqual({ token: 'abc', expiresAt: 61_000 })
  expect(read({ access_token: 'abc' }).expiresAt).toBe(3_601_000)
  expect(read({ access_token: 'abc', expires_in: -5 }).expiresAt).toBe(1_000)
})

test.each([undefined, '', {}, 'a\nb', 'tök', 'a b'])('%j is no token, and the fault is not the provider’s', (token) => {
  expect(() => read({ access_token: token })).toThrow(expect.objectContaining({ code: 'credential.unavailable' }))
})
