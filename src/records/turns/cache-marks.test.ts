import { expect, test } from 'vitest'
import { scanTopLevel } from '../../core/json.ts'
import { findCacheMarks } from './cache-marks.ts'

function without(json: string): string {
  const bytes = Buffer.from(json)
  const marks = findCacheMarks(bytes, { start: 0, end: bytes.length }, scanTopLevel(bytes).longStrings)
  let left = ''
  let at = 0
  for (const { start, end } of marks) {
    left += bytes.toString('utf8', at, start)
    at = end
  }
  return left + bytes.toString('utf8', at)
}

const long = 'long '.repeat(100)

test.each([
  ['{"a":{"text":"x","cache_control":{"type":"ephemeral"}}}', '{"a":{"text":"x"}}'],
  ['{"a":{"cache_control":{"type":"ephemeral","ttl":"1h"},"text":"x"}}', '{"a":{"text":"x"}}'],
  ['{"a":{"cache_control":null}}', '{"a":{}}'],
  ['{"a": {"text": "x" , "cache_control" : { "type": "ephemeral" } } }', '{"a": {"text": "x"  } }'],
  [
    `{"a":[{"text":"${long}","cache_control":{"type":"e"}},{"b":"${long}","cache_control":{"type":"e"}}]}`,
    `{"a":[{"text":"${long}"},{"b":"${long}"}]}`,
  ],
])('%s has marks', (json, left) => {
  expect(without(json)).toBe(left)
})

test.each([
  '{"a":["cache_control"]}',
  '{"a":"cache_control"}',
  String.raw`{"a":{"text":"say \"cache_control\":{\"type\":\"e\"} "}}`,
  `{"a":{"text":"${long}\\"cache_control\\":{} ${long}"}}`,
])('%s has none', (json) => {
  expect(without(json)).toBe(json)
})

test('a mark that goes beyond the stretch is not in it', () => {
  const bytes = Buffer.from('{"a":1,"cache_control":{"type":"e"}}')
  expect(findCacheMarks(bytes, { start: 0, end: 30 }, [])).toEqual([])
})
