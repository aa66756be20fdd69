#!/usr/bin/env node
// This file is plain JavaScript, so that a Node too old for TypeScript can still print the error.
import module from 'node:module'
import { join } from 'node:path'

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 24 || (major === 24 && minor < 7)) {
  console.error(
    `Vitrine needs Node 24.7 or later; this is ${process.version}. "npm start" brings its own.`,
  )
  process.exit(1)
}
// The compile cache saves a third of every start but the first.
module.enableCompileCache(join(import.meta.dirname, 'node_modules/.cache/vitrine'))
// A relative import names its file in full. Without this hook, Node searches for each of about 400 modules,
// which takes a tenth of every start.
module.registerHooks({
  resolve(name, context, next) {
    if (!/^\.{1,2}\//.test(name) || !context.conditions.includes('import'))
      return next(name, context)
    return { url: new URL(name, context.parentURL).href, shortCircuit: true }
  },
})
// A flush to disk holds a thread of the pool. With the default of four threads, reads would wait for
// flushes.
process.env.UV_THREADPOOL_SIZE ??= '16'
const { main } = await import('./src/main.ts')
await main(process.argv)
