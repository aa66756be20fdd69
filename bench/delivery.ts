/** Measures public image delivery against nginx, which sends the same files. */
import { join } from 'node:path'
import { measureBeside } from './beside.ts'
import type { Comparison } from './comparison.ts'
import { type Delivered, keepDeliveryLibrary, SIZES } from './delivery-library.ts'
import { canDropCaches, dropCaches } from './drop-caches.ts'
import { load, loadOnce } from './load.ts'
import { startNginx } from './nginx.ts'
import { serveLibrary } from './servers.ts'
import { shuffled } from './shuffled.ts'
import { IS_FULL, ROUNDS, SECONDS } from './sizes.ts'
import { makeUnmadeHigh } from './unmade-high.ts'
import { watchServer } from './watch-server.ts'

export const IMAGES = IS_FULL ? 10_000 : 200
const LEAST: Readonly<Record<Delivered, number>> = {
  scaled: 0.45,
  high: 0.6,
  w_400: 0.6,
  w_800: 0.6,
}
const LEAST_COLD = 0.25
const NGINX = 'nginx, one core'

export async function* compare(): AsyncGenerator<Comparison> {
  const library = await keepDeliveryLibrary(IMAGES)
  const nginx = await startNginx(join(library.data, 'files'))
  try {
    yield* compareWarm(library, nginx.url, ['scaled', 'high'])
    yield* compareCold(library, nginx.url)
  } finally {
    await nginx.stop()
  }
  yield* makeUnmadeHigh()
}

type Library = Awaited<ReturnType<typeof keepDeliveryLibrary>>

const nameOf = (variant: Delivered) => `${variant} (${SIZES[variant] / 1000} kB)`

/** Images that the server has sent before. */
export async function* compareWarm(
  { data, images }: Library,
  nginx: string,
  sizes: readonly Delivered[],
): AsyncGenerator<Comparison> {
  const server = await serveLibrary({ data, settings: {} })
  const watch = await watchServer(server.pid)
  try {
    for (const variant of sizes) {
      const all = images[variant]
      const anyOrder = shuffled(all.length, all.length, 1).flatMap((index) => all[index] ?? [])
      for (const [what, chosen] of [
        ['one, warm', all.slice(0, 1)],
        [`${IMAGES.toLocaleString('en')} in random order, warm`, anyOrder],
      ] as const) {
        const target = { of: 'ratio', least: LEAST[variant] } as const
        const compared = await measureBeside(watch, NGINX, {
          work: () => load(server.url, { paths: chosen.map(({ path }) => path), seconds: SECONDS }),
          limit: () => load(nginx, { paths: chosen.map(({ key }) => `/${key}`), seconds: SECONDS }),
        })
        yield { what: `${nameOf(variant)}: ${what}`, engine: 'SQLite', ...compared, target }
      }
    }
  } finally {
    await watch.close()
    await server.stop()
  }
}

/** Each image once, from a server that has not sent it since its start, with empty file caches. */
async function* compareCold({ data, images }: Library, nginx: string): AsyncGenerator<Comparison> {
  const isCold = canDropCaches()
  if (!isCold) console.error('\nONLY ROOT CAN MAKE FILES COLD, in a full run: these are warm.\n')
  for (const variant of ['scaled', 'high'] as const) {
    const server = await serveLibrary({ data, settings: {} })
    const watch = await watchServer(server.pid)
    try {
      const all = images[variant]
      const order = shuffled(all.length, all.length, 2).flatMap((index) => all[index] ?? [])
      const share = Math.floor(all.length / (ROUNDS + 1))
      const take = (round: number) => order.slice(round * share, (round + 1) * share)
      const once = async (url: string, paths: readonly string[]) => {
        if (isCold) dropCaches()
        return loadOnce(url, paths)
      }
      let round = 0
      const compared = await measureBeside(watch, NGINX, {
        limit: () =>
          once(
            nginx,
            take(round).map(({ key }) => `/${key}`),
          ),
        work: () =>
          once(
            server.url,
            take(round++).map(({ path }) => path),
          ),
      })
      yield {
        what: `${nameOf(variant)}: each once, cold from disk`,
        engine: 'SQLite',
        ...compared,
        target: { of: 'ratio', least: LEAST_COLD },
        ...(!isCold && { note: 'not cold: only root can do that' }),
      }
    } finally {
      await watch.close()
      await server.stop()
    }
  }
}
