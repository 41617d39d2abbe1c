import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { readConfig } from './document.ts'

const guide = readFileSync(new URL('../../docs/guide/configs.md', import.meta.url), 'utf8')

test.each([...guide.matchAll(/```json\n(.*?)```/gs)].map(([, document]) => document))(
  'the guide shows a config that works: %s',
  (document) => {
    expect(readConfig(document, { id: undefined, versionId: undefined }).problems).toBeUndefined()
  },
)
