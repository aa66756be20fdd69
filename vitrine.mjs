#!/usr/bin/env node
// Plain JavaScript, so that a Node too old for the rest can still say so.
import module from 'node:module'
import { join } from 'node:path'

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 24 || (major === 24 && minor < 7)) {
  console.error(
    `Vitrine needs Node 24.7 or later; this is ${process.version}. "npm start" brings its own.`,
  )
  process.exit(1)
}
// Compiled code is kept beside the dependencies, which saves a third of every start but the first.
module.enableCompileCache(join(import.meta.dirname, 'node_modules/.cache/vitrine'))
// A path is what it says: to have each of some 400 modules looked for takes a tenth of every start.
module.registerHooks({
  resolve(name, context, next) {
    if (!/^\.{1,2}\//.test(name) || !context.conditions.includes('import'))
      return next(name, context)
    return { url: new URL(name, context.parentURL).href, shortCircuit: true }
  },
})
// A flush to disk holds a thread of the pool; with the default of four, reads would wait for them.
process.env.UV_THREADPOOL_SIZE ??= '16'
const { main } = await import('./src/main.ts')
await main(process.argv)
