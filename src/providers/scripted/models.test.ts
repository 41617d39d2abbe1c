import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { SANDBOX_MODELS } from './models.ts'

test('every sandbox model is documented, and every documented one exists', () => {
  const page = readFileSync(new URL('../../../docs/reference/sandbox.md', import.meta.url), 'utf8')
  const documented = [...page.matchAll(/^\| `(sandbox-[\w-]+)` \|/gm)].map(([, id]) => id)
  expect(documented.toSorted()).toEqual(SANDBOX_MODELS.map(({ id }) => id).toSorted())
})

test('no two sandbox models have the same name', () => {
  expect(new Set(SANDBOX_MODELS.map(({ id }) => id)).size).toBe(SANDBOX_MODELS.length)
})
