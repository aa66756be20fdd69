import { globSync } from 'node:fs'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'
import { findPostgres } from './test/postgres.ts'

// For all the processes that tests start, and those that run them: loading takes half as long with it.
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, 'node_modules/.cache/compiled')

const shared = {
  testTimeout: 60_000,
  hookTimeout: 60_000,
  // A whole machine is under test here: browsers, killed servers, full queues. Where nobody watches,
  // a test may fail once; the report still names it.
  retry: process.env.CI ? 1 : 0,
}

const BROWSER = 'test/browser/*.test.ts'

/**
 * Everything, with what is there without any server. Here as elsewhere each process works on several of
 * these files and loads each module once. So a module that tests share must not call `beforeEach` and the like itself.
 */
const embedded = {
  test: {
    ...shared,
    name: 'embedded',
    isolate: false,
    include: ['src/**/*.test.ts', 'web/src/**/*.test.ts', 'test/**/*.test.ts'],
    exclude: [
      'src/cli/doctor-postgres.test.ts',
      'src/database/postgres.test.ts',
      'test/{instances,outage}.test.ts',
      'test/move-in-{directus,strapi}.test.ts',
      BROWSER,
    ],
  },
}

/** The page: each process runs several of these files, with one browser for all of them. */
const browser = {
  test: { ...shared, name: 'browser', include: [BROWSER], isolate: false },
}

/** @throws Error for a pattern that matches no file, as after a move */
function found(patterns: string[]): string[] {
  for (const pattern of patterns) {
    if (globSync(pattern, { cwd: import.meta.dirname }).length === 0) {
      throw new Error(`vitest.config.ts: ${pattern} matches no file.`)
    }
  }
  return patterns
}

const onPostgres = {
  ...shared,
  env: { VITRINE_TEST_ENGINE: 'postgres' },
  globalSetup: 'test/postgres.ts',
}

/** Whatever has to do with the database once more, on PostgreSQL. */
const postgres = {
  test: {
    ...onPostgres,
    name: 'postgres',
    isolate: false,
    include: found([
      'src/audit/*.test.ts',
      'src/auth/{accounts,tokens}/*.test.ts',
      'src/auth/admission.test.ts',
      'src/auth/session/{access-tokens,sessions}.test.ts',
      'src/auth/sign-in/login.test.ts',
      'src/transfer/{check-rows,files,tables}.test.ts',
      'src/transfer/move-in/place-collections.test.ts',
      'src/database/{measure-database,postgres}.test.ts',
      'src/media/{item,tags}.test.ts',
      'src/media/collections/*.test.ts',
      'src/media/filter/{evaluate,rebuild}.test.ts',
      'src/media/change/{bulk,insert-many,merge-index,retag,selection}.test.ts',
      'src/media/change/{edit-many,rename-tag}.test.ts',
      'src/media/list/{rank,search}.test.ts',
      'src/media/trash/*.test.ts',
      'src/media/order/{order-memory,orders,rebuild}.test.ts',
      'src/storage/journal/journal.test.ts',
      'src/images/presets/*.test.ts',
      'src/upkeep/check-{collections,orders}.test.ts',
      'test/{audit,bulk,cli-collection,cli-import,cli-user,collections,contract,delivery-cache,locked-database}.test.ts',
      'test/holes/naughty-strings.test.ts',
      'test/{filters,list,list-stream,outage,permissions,recipe,said,tags,trash,upgrade,versions,workers}.test.ts',
      'src/media/alike/doubles.test.ts',
      'test/{alike,image-addresses,move-in-immich,presets,statistics,tag-changes,tus,zip}.test.ts',
      // These programs have their tables there too.
      'test/move-in-{directus,strapi}.test.ts',
    ]),
  },
}

/** And with the images in a bucket, where there is a server for it: what stores, reads and loses them. */
const bucket = {
  test: {
    ...onPostgres,
    name: 'bucket',
    isolate: false,
    env: { ...onPostgres.env, VITRINE_TEST_STORAGE: 's3' },
    include: found([
      'src/transfer/archive/*.test.ts',
      'src/cli/doctor-postgres.test.ts',
      'test/{add,delivery,delivery-high,iiif-library,instances,lost-original,model,renditions,scrub,two-servers,versions}.test.ts',
    ]),
  },
}

export default defineConfig(async () => ({
  test: {
    projects: [embedded, browser, ...((await findPostgres()) ? [postgres, bucket] : [])],
    pool: 'forks' as const,
    // One more than the cores of a small machine: much of it is waiting, for servers and browsers.
    maxWorkers: 3,
  },
}))
