import { expect, test } from 'vitest'
import { unifiedDiff } from './unified-diff.ts'

const lines = (count: number) => Array.from({ length: count }, (_, at) => `line ${at + 1}`)

test('equal texts have no difference', () => {
  expect(unifiedDiff('f', 'a\nb\n', 'a\nb\n')).toBe('')
})

test('a new file consists of added lines', () => {
  expect(unifiedDiff('f', null, 'a\nb\n')).toBe('--- /dev/null\n+++ f\n@@ -0,0 +1,2 @@\n+a\n+b\n')
})

test('changes that are far apart become hunks of their own, with three lines around each', () => {
  const before = lines(20)
  const after = [...before]
  after[1] = 'second'
  after.splice(15, 1)
  expect(unifiedDiff('f', before.join('\n'), after.join('\n')).split('\n')).toEqual([
    '--- f',
    '+++ f',
    '@@ -1,5 +1,5 @@',
    ' line 1',
    '-line 2',
    '+second',
    ' line 3',
    ' line 4',
    ' line 5',
    '@@ -13,7 +13,6 @@',
    ' line 13',
    ' line 14',
    ' line 15',
    '-line 16',
    ' line 17',
    ' line 18',
    ' line 19',
    '',
  ])
})
