import { findPostgres } from '../test/postgres.ts'
import type { Engine } from './comparison.ts'

/** The available engines, or the one that `VITRINE_BENCH_ENGINE` names. */
export async function findEngines(): Promise<Engine[]> {
  const all: Engine[] = ['SQLite', 'PostgreSQL']
  const chosen = process.env.VITRINE_BENCH_ENGINE
  if (chosen) return all.filter((engine) => engine.toLowerCase() === chosen.toLowerCase())
  if (await findPostgres()) return all
  console.error('\nThere is no PostgreSQL server: ITS HALF OF THIS BENCHMARK IS LEFT OUT.\n')
  return ['SQLite']
}
