/* Writes docs/reference/platforms.md anew after a table of translation has changed (`node scripts/run.mjs scripts/write-platforms-page.mjs`); a test holds the page against the tables. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { platformsPage } from '../src/providers/translation/feature-table.ts'

writeFileSync(join(import.meta.dirname, '../docs/reference/platforms.md'), platformsPage())
