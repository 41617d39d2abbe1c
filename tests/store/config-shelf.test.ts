import { expect, test } from 'vitest'
import { createConfigShelver } from '../../src/store/config-shelf.ts'

const ROW = {
  id: 'id',
  workspace_id: 'w',
  slug: 'pc-a',
  is_default: 1,
  version_id: 'v1',
  document: '{"provider":"@a"}',
}

test('a version is compiled once, however often the picture is renewed', () => {
  const shelve = createConfigShelver({ trustedHosts: [], report: () => {} })
  const first = shelve([ROW]).find('w', 'pc-a')
  expect(first).toMatchObject({ id: 'pc-a', versionId: 'v1', root: { provider: 'a' } })
  expect(shelve([ROW]).find('w', 'id')).toBe(first)
  expect(shelve([ROW]).defaultOf('w')).toBe(first)
  expect(shelve([{ ...ROW, version_id: 'v2' }]).find('w', 'pc-a')).not.toBe(first)
})

test('one that does not read any more is reported once, and breaks nothing', () => {
  const problems: unknown[] = []
  const shelve = createConfigShelver({ trustedHosts: [], report: (problem) => problems.push(problem) })
  const old = { ...ROW, id: 'old', slug: 'pc-old', version_id: 'v0', is_default: 0, document: '{"retry":7}' }
  for (let renewals = 0; renewals < 2; renewals++) {
    const shelf = shelve([old, ROW])
    expect(shelf.find('w', 'pc-old')).toBeUndefined()
    expect(shelf.find('w', 'pc-a')).toBeDefined()
  }
  expect(problems.map(String)).toEqual([expect.stringContaining('pc-old')])
})
