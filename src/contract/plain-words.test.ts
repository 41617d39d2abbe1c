import { expect, test } from 'vitest'
import { z } from 'zod'
import { listProblems, strict } from './fields.ts'

const Order = strict({
  name: z.string().min(1).max(3),
  kind: z.enum(['tea', 'coffee', 'water']).optional(),
  count: z.number().int().max(9).optional(),
  hot: z.boolean().optional(),
  spoons: z.array(z.string()).min(2).optional(),
})

test.each([
  [{}, 'name: is required and has to be a string'],
  [{ name: 5 }, 'name: has to be a string'],
  [{ name: '' }, 'name: may not be empty'],
  [{ name: 'long' }, 'name: has to have at most 3 characters'],
  [{ name: 'a', kind: 'milk' }, 'kind: has to be tea, coffee or water'],
  [{ name: 'a', count: 10 }, 'count: has to be at most 9'],
  [{ name: 'a', count: '1' }, 'count: has to be a number'],
  [{ name: 'a', hot: 'yes' }, 'hot: has to be true or false'],
  [{ name: 'a', spoons: {} }, 'spoons: has to be a list'],
  [{ name: 'a', spoons: ['one'] }, 'spoons: has to have at least 2 entries'],
])('%j is refused in words: %s', (input, words) => {
  const { error } = Order.safeParse(input)
  expect(listProblems(error!)).toBe(words)
})

test('words of a schema’s own come first', () => {
  const { error } = z.string({ error: 'has to be a name' }).safeParse(5)
  expect(error!.issues[0]!.message).toBe('has to be a name')
})
