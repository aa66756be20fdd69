import type { Migration } from 'kysely/migration'
import { up as library } from './migrations/0001-library.ts'
import { up as accounts } from './migrations/0002-accounts.ts'
import { up as tags } from './migrations/0003-tags.ts'
import { up as unfinished } from './migrations/0004-unfinished.ts'
import { up as tokensAndAudit } from './migrations/0005-tokens-and-audit.ts'
import { up as mediaJson } from './migrations/0007-media-json.ts'
import { up as scrub } from './migrations/0010-scrub.ts'
import { up as trailRefusesReplacing } from './migrations/0011-trail-refuses-replacing.ts'
import { up as recipes } from './migrations/0012-recipes.ts'
import { up as unseenCharacters } from './migrations/0013-unseen-characters.ts'

/**
 * In order; a released one is never changed. Each carries what it needs, so that no change of the
 * program makes another table of it: `biome.json` keeps it from importing anything of the program.
 */
export const migrations: Record<string, Migration> = {
  '0001-library': { up: library },
  '0002-accounts': { up: accounts },
  '0003-tags': { up: tags },
  '0004-unfinished': { up: unfinished },
  '0005-tokens-and-audit': { up: tokensAndAudit },
  '0007-media-json': { up: mediaJson },
  '0010-scrub': { up: scrub },
  '0011-trail-refuses-replacing': { up: trailRefusesReplacing },
  '0012-recipes': { up: recipes },
  '0013-unseen-characters': { up: unseenCharacters },
}
