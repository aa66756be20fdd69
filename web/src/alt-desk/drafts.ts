/** Most drafts that are kept; the oldest go first. */
const MAX_DRAFTS = 200

export type Drafts = Map<number, string>

const nameFor = (username: string) => `vitrine-alt-drafts-${username}`

/**
 * The texts that a user has typed in this tab and the server does not have yet, by the id of the image. They outlive a
 * reload, and the end of the session.
 */
export function readDrafts(username: string): Drafts {
  try {
    const stored: unknown = JSON.parse(sessionStorage.getItem(nameFor(username)) ?? '[]')
    return new Map(Array.isArray(stored) ? stored.filter(isDraft) : [])
  } catch {
    return new Map()
  }
}

const isDraft = (entry: unknown): entry is [number, string] =>
  Array.isArray(entry) && typeof entry[0] === 'number' && typeof entry[1] === 'string'

/** Keeps them. A browser that stores nothing keeps them until the page is left. */
export function keepDrafts(username: string, drafts: Drafts): void {
  try {
    const text = JSON.stringify([...drafts].slice(-MAX_DRAFTS))
    if (drafts.size === 0) sessionStorage.removeItem(nameFor(username))
    else sessionStorage.setItem(nameFor(username), text)
  } catch {
    // It is full, or not allowed.
  }
}
