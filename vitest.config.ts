import { defineConfig } from 'vitest/config'
import { findPostgres } from './src/testing/postgres.ts'

const settings = {
  // The folder of the real clients holds their packages, not tests of ours.
  exclude: ['**/node_modules/**', 'tests/clients/**', 'dist/**'],
  // Own processes, because tests start servers, worker threads and child processes, and leave nothing behind that way.
  pool: 'forks' as const,
  testTimeout: 20_000,
  hookTimeout: 30_000,
  teardownTimeout: 10_000,
}

const everything = {
  ...settings,
  name: 'gateway',
  include: ['src/**/*.test.ts', 'tests/**/*.test.ts', 'scripts/**/*.test.mjs'],
  provide: { engine: 'sqlite' as const },
}

/** The control plane once more, on the other engine. The suites of store and ledger run on both by themselves. */
const onPostgres = {
  ...settings,
  name: 'on PostgreSQL',
  include: ['tests/admin/**/*.test.ts'],
  provide: { engine: 'postgres' as const },
  testTimeout: 60_000,
}

/** It takes two minutes, which is too long to wait for after every change. */
const hasSecondRound = process.env['CI'] !== undefined && findPostgres() !== undefined

export default defineConfig({
  test: {
    globalSetup: ['tests/postgres-run.ts'],
    maxWorkers: 2,
    reporters: ['default', './scripts/tally-reporter.mjs'],
    projects: (hasSecondRound ? [everything, onPostgres] : [everything]).map((test) => ({ test })),
  },
})
