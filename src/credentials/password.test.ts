import { expect, it } from 'vitest'
import { hashPassword, verifyPassword } from './password.ts'

it('a password is told from others, and stored differently each time', async () => {
  const [first, second] = [await hashPassword('correct horse'), await hashPassword('correct horse')]
  expect(first).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/)
  expect(first).not.toBe(second)
  expect(await verifyPassword(first, 'correct horse')).toBe(true)
  expect(await verifyPassword(first, 'correct horsf')).toBe(false)
})

it('the same letters from another keyboard are the same password', async () => {
  expect(await verifyPassword(await hashPassword('Caf\u00E9 au lait'), 'Cafe\u0301 au lait')).toBe(true)
})

it('who has no password cannot sign in with any', async () => {
  expect(await verifyPassword(undefined, '')).toBe(false)
})

it('the costs that a hash was made with are part of it', async () => {
  const stored = await hashPassword('x')
  expect(await verifyPassword(stored.replace('m=19456', 'm=19457'), 'x')).toBe(false)
})

it('what is no hash of ours is a fault, not a refusal', async () => {
  await expect(verifyPassword('plain', 'plain')).rejects.toThrow('not one of ours')
})
