/**
 * Builds the page if its sources have changed since the last build. Runs before `npm start` and
 * `npm test`. The files are compressed here once, not at each request.
 */
import { createHash } from 'node:crypto'
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, gzipSync } from 'node:zlib'

const web = import.meta.dirname
const dist = join(web, 'dist')
const stamp = join(dist, '.built')

const hash = createHash('sha256').update(readFileSync(join(web, '../package-lock.json')))
for (const name of globSync(['index.html', '*.{ts,mjs,json}', 'public/**/*.*', 'src/**/*.*'], {
  cwd: web,
}).sort()) {
  hash.update(name).update(readFileSync(join(web, name)))
}
const wanted = hash.digest('hex')

if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== wanted) {
  console.log('Building the page…')
  const { build } = await import('vite')
  await build({ configFile: join(web, 'vite.config.ts'), logLevel: 'warn' })
  for (const name of globSync('**/*.{js,css,svg}', { cwd: dist })) {
    const file = join(dist, name)
    const bytes = readFileSync(file)
    writeFileSync(`${file}.br`, brotliCompressSync(bytes))
    writeFileSync(`${file}.gz`, gzipSync(bytes, { level: 9 }))
  }
  writeFileSync(stamp, wanted)
}
