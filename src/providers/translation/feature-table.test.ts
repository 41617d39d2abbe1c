import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { BETAS, betaRule } from './betas.ts'
import { platformsPage } from './feature-table.ts'
import { FIELDS, type FieldRule } from './fields.ts'
import { NARROWER_PLATFORMS } from './platforms.ts'

test('the committed page of platforms says what the tables say; scripts/write-platforms-page.mjs writes it anew', () => {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/reference/platforms.md'), 'utf8')
  expect(page).toBe(platformsPage())
})

test('no beta has two rows', () => {
  const names = BETAS.map(({ beta }) => beta)
  expect(new Set(names).size).toBe(names.length)
})

test('a field that stays where its betas are named has one that can pass there', () => {
  for (const [field, rule] of Object.entries(FIELDS) as [string, FieldRule][]) {
    for (const platform of NARROWER_PLATFORMS) {
      if (rule.betas === undefined || rule.on[platform] !== 'keep') continue
      const fates = rule.betas.map((beta) => betaRule(beta)?.on[platform] ?? 'drop')
      expect([field, platform, fates.some((fate) => fate !== 'drop')]).toEqual([field, platform, true])
    }
  }
})
