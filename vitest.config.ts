import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // A whole machine is under test here: browsers, killed servers, full queues. Where nobody watches,
    // a test may fail once; the report still names it.
    retry: process.env.CI ? 1 : 0,
  },
})
