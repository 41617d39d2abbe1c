import { expect, it } from 'vitest'
import { tellRules } from './tell-rules.ts'

it('where nobody has said anything, the defaults hold', () => {
  expect(tellRules([['organisation', {}]])).toEqual({
    content: { value: 'full', from: 'default' },
    content_days: { value: 30, from: 'default' },
    searchable: { value: false, from: 'default' },
    masking: [],
  })
})

it('each rule comes from the level whose word counted; one that wanted more is not it', () => {
  const told = tellRules([
    ['organisation', { content: 'masked', contentDays: 30, masking: [{ name: 'email' }] }],
    ['workspace', { content: 'full', contentDays: 7, masking: [{ name: 'ticket', pattern: 'ABC-[0-9]+' }] }],
    ['key', { content: 'metadata', contentDays: 90, searchable: true }],
  ])
  expect(told).toEqual({
    content: { value: 'metadata', from: 'key' },
    content_days: { value: 7, from: 'workspace' },
    searchable: { value: true, from: 'key' },
    masking: [
      { name: 'email', from: 'organisation' },
      { name: 'ticket', pattern: 'ABC-[0-9]+', from: 'workspace' },
    ],
  })
})

it('an index that a level has switched off stays off below it', () => {
  const told = tellRules([
    ['organisation', { searchable: false }],
    ['workspace', { searchable: true }],
  ])
  expect(told.searchable).toEqual({ value: false, from: 'organisation' })
})
