import { expect, it } from 'vitest'
import { readSpellings } from './portkey-spellings.ts'

const PARAMS = { id: 'ws-a', uid: 'user-1' }

it('what only repeats the address is left out', () => {
  const input = { workspaceId: 'ws-a', user_id: 'user-1', role: 'admin' }
  expect(readSpellings(input, ['role'], PARAMS)).toEqual({ role: 'admin' })
})

it('what says something else than the address stays, to be refused', () => {
  expect(readSpellings({ workspaceId: 'ws-b' }, [], PARAMS)).toEqual({ workspaceId: 'ws-b' })
  expect(readSpellings({ role: 'ws-a' }, [], PARAMS)).toEqual({ role: 'ws-a' })
})

it('what the endpoint knows by that name stays', () => {
  expect(readSpellings({ id: 'ws-a' }, ['id'], PARAMS)).toEqual({ id: 'ws-a' })
  expect(readSpellings({ pageSize: '5' }, ['pageSize', 'page_size'], PARAMS)).toEqual({ pageSize: '5' })
})

it('paging in camel case becomes paging in snake case, where there is paging', () => {
  const paged = ['page_size', 'current_page']
  expect(readSpellings({ pageSize: '5', currentPage: '2' }, paged, {})).toEqual({ page_size: '5', current_page: '2' })
  expect(readSpellings({ pageSize: '5' }, ['name'], {})).toEqual({ pageSize: '5' })
})

it('paging in both spellings stays, to be refused', () => {
  const both = { pageSize: '5', page_size: '6' }
  expect(readSpellings(both, ['page_size'], {})).toEqual(both)
})

it('a name that means something to the language is a name like any other', () => {
  const input = JSON.parse('{"constructor":1,"toString":2,"workspaceId":"ws-a"}') as unknown
  expect(readSpellings(input, [], PARAMS)).toEqual({ constructor: 1, toString: 2 })
})

it.each([undefined, null, [], ['ws-a'], 'ws-a', 1])('what is no object stays as it is: %j', (input) => {
  expect(readSpellings(input, [], PARAMS)).toBe(input)
})
