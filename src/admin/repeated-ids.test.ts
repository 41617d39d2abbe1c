import { expect, it } from 'vitest'
import { withoutRepeatedIds } from './repeated-ids.ts'

const PARAMS = { id: 'ws-a', uid: 'user-1' }

it('what only repeats the address is left out', () => {
  const input = { workspaceId: 'ws-a', user_id: 'user-1', role: 'admin' }
  expect(withoutRepeatedIds(input, ['role'], PARAMS)).toEqual({ role: 'admin' })
})

it('what says something else than the address stays, to be refused', () => {
  expect(withoutRepeatedIds({ workspaceId: 'ws-b' }, [], PARAMS)).toEqual({ workspaceId: 'ws-b' })
  expect(withoutRepeatedIds({ role: 'ws-a' }, [], PARAMS)).toEqual({ role: 'ws-a' })
})

it('what the endpoint knows by that name stays', () => {
  expect(withoutRepeatedIds({ id: 'ws-a' }, ['id'], PARAMS)).toEqual({ id: 'ws-a' })
})

it.each([undefined, null, [], ['ws-a'], 'ws-a', 1])('what is no object stays as it is: %j', (input) => {
  expect(withoutRepeatedIds(input, [], PARAMS)).toBe(input)
})
