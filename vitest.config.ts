import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'tests/**/*.test.ts', 'scripts/**/*.test.mjs'],
    // The folder of the real clients holds their packages, not tests of ours.
    exclude: ['**/node_modules/**', 'tests/clients/**', 'dist/**'],
    // Own processes, because tests start servers, worker threads and child processes, and leave nothing behind that way.
    globalSetup: ['tests/postgres-run.ts'],
    provide: { engine: 'sqlite' },
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 30_000,
    teardownTimeout: 10_000,
    reporters: ['default', './scripts/tally-reporter.mjs'],
  },
})
