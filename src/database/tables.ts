import type { Generated, Kysely } from 'kysely'

/** Milliseconds since 1970 by the database's clock. */
export type Milliseconds = number

/** 0 or 1: SQLite has no booleans. */
export type Flag = 0 | 1

/** Every table of the database. All texts are UTF-8; hashes are lower-case hex. */
export interface Tables {
  library: LibraryTable
  secrets: SecretsTable
  media: MediaTable
  media_json: MediaJsonTable
  media_counts: MediaCountsTable
  tags: TagsTable
  files: FilesTable
  variants: VariantsTable
  earlier_addresses: EarlierAddressesTable
  journal: JournalTable
  owners: OwnersTable
  unfinished: UnfinishedTable
  scrub: ScrubTable
  users: UsersTable
  roles: RolesTable
  role_permissions: RolePermissionsTable
  user_roles: UserRolesTable
  sessions: SessionsTable
  refresh_tokens: RefreshTokensTable
  login_attempts: LoginAttemptsTable
  api_tokens: ApiTokensTable
  audit: AuditTable
  audit_retention: AuditRetentionTable
}

/** The database, or a transaction on it: what a query function takes first. */
export type Queries = Kysely<Tables>

/** One row. */
interface LibraryTable {
  id: 1
  /** Random, made once: tells one library's ETags from another's. */
  uuid: string
  /** Counts changes of media; whatever was derived from an older version is stale. */
  version: number
  /** The timestamp given last, so that timestamps never decrease as ids grow. */
  last_added_at: Milliseconds
}

/** Keys made once for this library: they sign tokens and name public files. */
interface SecretsTable {
  name: string
  /** base64url of 32 random bytes. */
  value: string
}

interface MediaTable {
  id: Generated<number>
  file_id: number
  name: string
  /** A JSON array of strings. */
  tags: string
  added_at: Milliseconds
}

/**
 * Each item as lists show it: `MediaItem` as JSON. Triggers of the database write it, and nobody
 * else does; see `migrations/0007-media-json.ts`.
 */
interface MediaJsonTable {
  id: number
  json: string
}

/** How many media items have an id within a block of ids; see `media/rank.ts`. */
interface MediaCountsTable {
  level: number
  block: number
  count: number
}

/** Tags in use; see `media/tags.ts`. */
interface TagsTable {
  tag: string
  /** As searches compare it; see `fold.ts`. */
  folded: string
  /** How many items have it, at least 1. */
  count: number
}

/** Stored originals. Several media items may share one. */
interface FilesTable {
  id: Generated<number>
  sha256: string
  /** Storage key. */
  key: string
  /** MIME type, by the bytes. */
  type: string
  size: number
  /** Pixels, after orientation. */
  width: number
  height: number
  /** 1 unless animated. */
  frames: number
  /** base64 */
  thumbhash: string
  /** `#rrggbb` */
  color: string
  /** Keyed digests that name the public variants in their immutable URLs, rendered or not. */
  scaled_digest: string
  high_digest: string
  /** By which these are named, and what is shown is made; see `images/recipe.ts`. */
  recipe: Generated<number>
}

export type VariantName = 'scaled' | 'high'

/** Derived images that exist in storage. */
interface VariantsTable {
  file_id: number
  name: VariantName
  key: string
  /** Of the bytes stored: the ETag. */
  sha256: string
  size: number
  width: number
  height: number
  /** One of another recipe than its file is to be made anew when it is asked for. */
  recipe: Generated<number>
}

/** Digests that named the variants of a file by earlier recipes, and lead to the present ones. */
interface EarlierAddressesTable {
  file_id: number
  recipe: number
  scaled_digest: string
  high_digest: string
}

/** Storage keys that may hold bytes no row names; see `storage/journal.ts`. */
interface JournalTable {
  key: string
  /** The process at work on it; null once it is nobody's, for the sweep to take. */
  owner: string | null
  created_at: Milliseconds
  /** Since when its object is to be removed, by the owner or a sweep; it cannot be taken any more. */
  claimed_at: Milliseconds | null
}

/** Processes that write files, each with a lease that it renews while it lives. */
interface OwnersTable {
  id: string
  /** Names the machine, its boot and its process namespace. */
  host: string
  pid: number
  /** Start time of the process, as the operating system tells it. */
  started: string
  lease_until: Milliseconds
}

/** How a library comes to where none was. */
export type Arrival = 'copy' | 'restore'

/** One row while a library is being brought in: nobody may use it before it is whole. */
interface UnfinishedTable {
  id: 1
  arrival: Arrival
  /** `uuid` of the library that it comes from. */
  source: string
}

/** One row: how far the scrub of stored files is; see `media/upkeep/scrub.ts`. */
interface ScrubTable {
  id: 1
  /** The process that does it, of `owners`; null if none does. */
  owner: string | null
  /** The last file that was read; 0 at the beginning of a pass. */
  last_file_id: number
}

interface UsersTable {
  id: Generated<number>
  /** Normalised, so that it is unique regardless of case; see `auth/accounts.ts`. */
  username: string
  /** PHC string. */
  password_hash: string
  disabled: Flag
  created_at: Milliseconds
}

interface RolesTable {
  name: string
}

interface RolePermissionsTable {
  role: string
  permission: string
}

interface UserRolesTable {
  user_id: number
  role: string
}

/** A sign-in and all refresh tokens that descend from it. */
interface SessionsTable {
  id: string
  user_id: number
  created_at: Milliseconds
  last_used_at: Milliseconds
  ended_at: Milliseconds | null
  /** Where it was used last: an IPv4 address, or an IPv6 /64. */
  network: string
  user_agent: string
}

/** Refresh tokens, never in clear; see `auth/refresh-tokens.ts`. */
interface RefreshTokensTable {
  /** SHA-256 of the token. */
  hash: string
  session_id: string
  /** When it was handed out last. */
  issued_at: Milliseconds
  first_used_at: Milliseconds | null
  successor_hash: string | null
  /** The successor, sealed so that only the holder of this token can open it. */
  successor_sealed: string | null
}

/** Failed sign-ins within a window, by account, by address, and by both; see `auth/throttle.ts`. */
interface LoginAttemptsTable {
  key: string
  failures: number
  window_started_at: Milliseconds
}

/** Personal tokens for scripts, never in clear; see `auth/api-tokens.ts`. */
interface ApiTokensTable {
  id: Generated<number>
  user_id: number
  name: string
  /** SHA-256 of the token. */
  hash: string
  /** Names of permissions, with spaces between them. */
  permissions: string
  created_at: Milliseconds
  expires_at: Milliseconds
  last_used_at: Milliseconds | null
}

/** Who did what; rows are only added, which triggers see to. See `audit/record.ts`. */
interface AuditTable {
  id: Generated<number>
  /** Never decreasing as ids grow. */
  at: Milliseconds
  action: string
  /** Name of the account at that time; null if nobody knows. */
  actor: string | null
  /** Its id, a number or what another service calls it; null for commands and the server itself. */
  account_id: string | null
  /** The personal token that it was done with. */
  token_id: number | null
  /** Where it came from: an IPv4 address, or an IPv6 /64. */
  network: string | null
  /** What it was done to: `media:12`, `account:bob`. */
  subject: string | null
  /** A JSON object. */
  detail: string | null
}

/** One row: what is older may be deleted from the audit trail. */
interface AuditRetentionTable {
  id: 1
  deletable_before: Milliseconds
}
