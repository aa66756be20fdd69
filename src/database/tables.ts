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
  moved_addresses: MovedAddressesTable
  trash_purge: TrashPurgeTable
  versions: VersionsTable
  collections: CollectionsTable
  collection_items: CollectionItemsTable
  facets: FacetsTable
  facet_chunks: FacetChunksTable
  order_blocks: OrderBlocksTable
  doubles: DoublesTable
  tags: TagsTable
  files: FilesTable
  variants: VariantsTable
  renditions: RenditionsTable
  earlier_addresses: EarlierAddressesTable
  earlier_keys: EarlierKeysTable
  presets: PresetsTable
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

/** The database or a transaction on it: the first parameter of a query function. */
export type Queries = Kysely<Tables>

/** One row. */
interface LibraryTable {
  id: 1
  /** Random, made once. It makes the ETags of each library different. */
  uuid: string
  /** Grows with every change of media. Anything derived from an older version is stale. */
  version: number
  /** The newest timestamp that was given, so that timestamps never decrease as ids grow. */
  last_added_at: Milliseconds
  /** Which form of facets and order blocks the database has; 0 if they must be built. See `media/filter/rebuild.ts`. */
  derived: number
  /** The process that builds them, from `owners`; null if none does. */
  deriver: string | null
  /** Bytes of all `renditions`. Triggers keep it. */
  rendition_bytes: Generated<number>
  /** The highest revision that a preset was given. None is given twice, because caches keep addresses for ever. */
  preset_revision: Generated<number>
}

/** Keys made once for this library. They sign tokens and name public files. */
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
  file_name: Generated<string | null>
  alt: Generated<string | null>
  description: Generated<string | null>
  credit: Generated<string | null>
  copyright: Generated<string | null>
  source: Generated<string | null>
  /** 0 to 5; 0: none. */
  rating: Generated<number>
  /** `{"x": …, "y": …}` as JSON. */
  focus: Generated<string | null>
  /**
   * The key of its immutable addresses if it has a focus; null: they have the key of its file. See
   * `media/change/focus-keys.ts`.
   */
  focus_key: Generated<string | null>
  /** `YYYY-MM-DDTHH:mm:ss`, with a zone if it is known. */
  taken_at: Generated<string | null>
  /** A JSON object; see `Translations` in `media/item.ts`. */
  translations: Generated<string>
  /** `{"lat": …, "lon": …}` as JSON. */
  location: Generated<string | null>
  /** A JSON object. */
  exif: Generated<string | null>
  /** Ids of the collections that the item is in, as a JSON array, ascending. */
  collections: Generated<string>
  /** Username. */
  added_by: Generated<string | null>
  changed_at: Generated<Milliseconds>
  /** Grows with every change that a client sees as one of this item. */
  revision: Generated<number>
  /** Null unless the item is in the trash. */
  trashed_at: Generated<Milliseconds | null>
  /** Username. */
  trashed_by: Generated<string | null>
  /** The item that this one was merged into, while it is in the trash. */
  merged_into: Generated<number | null>
}

/**
 * Addresses of items that were merged into another item and are deleted for good by now: their ids, as digits, and the
 * digests of the files that went with them. They lead to that other item. See `media/trash/moved-addresses.ts`.
 */
interface MovedAddressesTable {
  address: string
  media_id: number
}

/** One row: which process deletes the items whose time in the trash is over; see `media/trash/purge.ts`. */
interface TrashPurgeTable {
  id: 1
  /** From `owners`; null if none does. */
  owner: string | null
}

/**
 * The files that a replaced item has had, and its present one. An item that was never replaced has no rows: its only
 * version is 1.
 */
interface VersionsTable {
  media_id: number
  /** From 1 on. The highest is the present one. */
  version: number
  file_id: number
  added_at: Milliseconds
  /** Username. */
  added_by: string | null
  /** The item's `file_name` with this version. */
  file_name: string | null
  /** Of an earlier version: `focus` and `focus_key` that the item had with it. */
  focus: Generated<string | null>
  focus_key: Generated<string | null>
}

interface CollectionsTable {
  id: Generated<number>
  name: string
  /** The name as `foldTagCase` returns it, unique beside its siblings. */
  folded: string
  description: string | null
  parent: number | null
  /** The order among siblings, ascending. */
  position: number
  /** An item's id. */
  cover: number | null
  /** The query of a list, for a saved search. */
  query: string | null
  /** 1 while the ids of a deleted collection are still being removed from its items. */
  deleted: Generated<Flag>
  /** The process that removes these ids; see `owners`. Null if no process does. */
  cleaner: Generated<string | null>
}

/** Which items are in a collection, those in the trash included, and its own order. */
interface CollectionItemsTable {
  collection_id: number
  media_id: number
  /** Ascending, unique within a collection; see `media/collections/positions.ts`. */
  position: number
}

/** Properties that items are filtered by; see `media/filter/facets.ts`. */
interface FacetsTable {
  id: Generated<number>
  kind: string
  value: string
  /** How many items have it, those in the trash included; at least 1. */
  items: number
  /** How many items have it that are not in the trash. */
  live: number
  /** Of a tag: the spelling that most items have. */
  label: string | null
  /** Of a tag: the label as searches compare it. */
  folded: string | null
}

/** Which items have a facet: a bitmap for each block of 4,096 ids; see `media/filter/id-set.ts`. */
interface FacetChunksTable {
  facet_id: number
  /** The ids are `4096 * chunk` and the following ones. */
  chunk: number
  bits: Uint8Array
}

/** Items in an order other than that of their ids; see `media/order/blocks.ts`. */
interface OrderBlocksTable {
  /** Which order. */
  list: number
  /** The block holds the items from this key and id up to the next block's. */
  lower_key: Uint8Array
  lower_id: number
  count: number
  /** The library's version when the block last changed. */
  version: number
  /** Ids and keys of the items, in order. */
  ids: Uint8Array
  keys: Uint8Array
}

/** Files that several items of the library have; see `media/alike/doubles.ts`. */
interface DoublesTable {
  file_id: number
  /** How many items, at least 2. */
  count: number
}

/**
 * Each item as lists show it: `MediaItem` as JSON. Only triggers of the database write it; see
 * `media/item-triggers.ts`. Items in the trash have no row.
 */
interface MediaJsonTable {
  id: number
  json: string
}

/** How many media items have an id within a block of ids; see `media/list/rank.ts`. */
interface MediaCountsTable {
  level: number
  block: number
  count: number
}

/** Tags in use; see `media/tags.ts`. */
interface TagsTable {
  tag: string
  /** As searches compare it; see `base/fold.ts`. */
  folded: string
  /** Without differences of case: tags with the same key are one tag for filters. */
  key: string
  /** How many items have it, at least 1. */
  count: number
}

/** Stored originals. Several media items may share one. */
interface FilesTable {
  id: Generated<number>
  sha256: string
  /** Storage key. */
  key: string
  /** MIME type, detected from the bytes. */
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
  /**
   * The key of the file in immutable addresses: a keyed digest, see `images/digests.ts`. (Of all sizes; the name is
   * from the time when each of the two variants had a digest.)
   */
  scaled_digest: string
  /** Names `high` in addresses of earlier versions, which lead to the present one. */
  high_digest: string
  /** The recipe of these digests and of the variants that are served; see `images/recipe.ts`. */
  recipe: Generated<number>
  /** What the original says of its image, as JSON; see `Said` in `media/said.ts`. Null if it says nothing. */
  said: Generated<string | null>
  /**
   * What the original reveals of people: names of `REVEALED` in `images/file-metadata.ts`, with commas between. Null:
   * its metadata were not read yet, or cannot be read.
   */
  reveals: Generated<string | null>
}

export type VariantName = 'scaled' | 'high'

/** Derived images that exist in storage. */
interface VariantsTable {
  file_id: number
  name: VariantName
  key: string
  /** Of the stored bytes; used as ETag. */
  sha256: string
  size: number
  width: number
  height: number
  /** A variant of another recipe than its file's must be made anew at the next request for it. */
  recipe: Generated<number>
}

/** Derived images of any size, made at their first request. They are removed when they take too much storage. */
interface RenditionsTable {
  file_id: number
  /** How it is made, as `planName` in `images/plan.ts` says it; `source` for the intermediate image. */
  name: string
  key: string
  /** Of the stored bytes; used as ETag. */
  sha256: string
  size: number
  width: number
  height: number
  /** One of another recipe than its file's must be made anew at the next request for it. */
  recipe: number
  /** When it was last asked for, to within an hour. */
  asked_at: Milliseconds
  /** 1 if it was asked for only once; else 2. */
  asks: number
}

/** Digests that named the variants of a file by earlier recipes. Their URLs lead to the present variants. */
interface EarlierAddressesTable {
  file_id: number
  recipe: number
  scaled_digest: string
  high_digest: string
}

/** Keys that named an item with this file by an earlier focus. Their addresses lead to the present ones. */
interface EarlierKeysTable {
  key: string
  media_id: number
  file_id: number
}

/** Names for options of image addresses. */
interface PresetsTable {
  name: string
  /** As `printOptions` returns them, without a format. */
  options: string
  revision: number
  changed_at: Milliseconds
  /** Username. */
  changed_by: string | null
}

/** Storage keys of objects that perhaps no other row names; see `storage/journal/journal.ts`. */
interface JournalTable {
  key: string
  /** The process that works on it; null once it has none, so that a sweep may take it. */
  owner: string | null
  created_at: Milliseconds
  /** When it was claimed for removal of its object, by the owner or a sweep. It cannot be taken any more. */
  claimed_at: Milliseconds | null
}

/** Processes that write files. Each renews its lease while it lives. */
interface OwnersTable {
  id: string
  /** Identifies the machine, its boot and its process namespace. */
  host: string
  pid: number
  /** Start time of the process, as the operating system reports it. */
  started: string
  lease_until: Milliseconds
}

/** How a library is brought into an empty database. */
export type Arrival = 'copy' | 'restore'

/** One row while a copy or restore is not finished: the library must not be used before it is complete. */
interface UnfinishedTable {
  id: 1
  arrival: Arrival
  /** `uuid` of the library that is copied or restored. */
  source: string
}

/** One row: progress of the scrub of stored files; see `upkeep/scrub.ts`. */
interface ScrubTable {
  id: 1
  /** The process that does it, from `owners`; null if none does. */
  owner: string | null
  /** The last file that was read; 0 at the beginning of a pass. */
  last_file_id: number
}

interface UsersTable {
  id: Generated<number>
  /** Normalised, so that it is unique regardless of case; see `auth/accounts/accounts.ts`. */
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
  /** Where it was last used: an IPv4 address, or an IPv6 /64. */
  network: string
  user_agent: string
}

/** Refresh tokens, never in clear text; see `auth/session/refresh-tokens.ts`. */
interface RefreshTokensTable {
  /** SHA-256 of the token. */
  hash: string
  session_id: string
  /** When it was last sent to a client. */
  issued_at: Milliseconds
  first_used_at: Milliseconds | null
  successor_hash: string | null
  /** The successor, sealed so that only the holder of this token can open it. */
  successor_sealed: string | null
}

/** Failed sign-ins within a window, by account, by address, and by both; see `auth/sign-in/throttle.ts`. */
interface LoginAttemptsTable {
  key: string
  failures: number
  window_started_at: Milliseconds
}

/** Personal tokens for scripts, never in clear text; see `auth/tokens/api-tokens.ts`. */
interface ApiTokensTable {
  id: Generated<number>
  user_id: number
  name: string
  /** SHA-256 of the token. */
  hash: string
  /** Names of permissions, separated by spaces. */
  permissions: string
  created_at: Milliseconds
  expires_at: Milliseconds
  last_used_at: Milliseconds | null
}

/** Who did what. Rows are only added, which triggers enforce. See `audit/record.ts`. */
interface AuditTable {
  id: Generated<number>
  /** Never decreases as ids grow. */
  at: Milliseconds
  action: string
  /** Name of the account at that time; null if it is not known. */
  actor: string | null
  /** Its id: a number, or the id of another service; null for commands and the server itself. */
  account_id: string | null
  /** The personal token that was used. */
  token_id: number | null
  /** Where the request came from: an IPv4 address, or an IPv6 /64. */
  network: string | null
  /** The object of the action: `media:12`, `account:bob`. */
  subject: string | null
  /** A JSON object. */
  detail: string | null
}

/** One row: the audit trail allows deleting entries that are older. */
interface AuditRetentionTable {
  id: 1
  deletable_before: Milliseconds
}
