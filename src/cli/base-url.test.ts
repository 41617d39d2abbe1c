import { describe, expect, test } from 'vitest'
import { tidyBaseUrl } from './base-url.ts'

describe('tidyBaseUrl', () => {
  test.each([
    ['https://gw.example.com', 'https://gw.example.com', 0],
    ['https://gw.example.com/', 'https://gw.example.com', 0],
    ['https://gw.example.com/v1', 'https://gw.example.com', 1],
    ['https://gw.example.com/v1/', 'https://gw.example.com', 1],
    ['https://gw.example.com/v1/messages', 'https://gw.example.com', 1],
    ['https://gw.example.com/team-a/v1', 'https://gw.example.com/team-a', 1],
    ['https://gw.example.com/team-v1', 'https://gw.example.com/team-v1', 0],
    ['gw.example.com:8443', 'https://gw.example.com:8443', 1],
    ['localhost:8787', 'http://localhost:8787', 1],
    ['https://gw.example.com/?a=1#b', 'https://gw.example.com', 1],
  ])('makes %s the base URL %s', (typed, url, notes) => {
    const tidy = tidyBaseUrl(typed)
    expect(tidy.url).toBe(url)
    expect(tidy.notes).toHaveLength(notes)
  })

  test.each([
    ['http://gw.example.com', 1],
    ['http://10.0.0.5:8787', 1],
    ['http://127.0.0.1:8787', 0],
    ['http://localhost:8787', 0],
    ['http://[::1]:8787', 0],
    ['https://gw.example.com', 0],
  ])('warns of plain http only beyond this machine: %s', (typed, warnings) => {
    expect(tidyBaseUrl(typed).warnings).toHaveLength(warnings)
  })

  test.each(['', 'https://', 'ftp://gw.example.com', 'https://user:secret@gw.example.com', 'a b'])(
    'refuses "%s"',
    (typed) => {
      expect(() => tidyBaseUrl(typed)).toThrow(RangeError)
    },
  )
})
