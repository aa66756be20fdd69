import { type AuditEvent, IMAGE } from '../admin/audit-event'
import type { AuditAction } from '../api/client'

/** Names that a sentence lists; the rest is only counted. */
const MOST = 8

const count = (number: number, one: string, many: string) =>
  `${number.toLocaleString('en')} ${number === 1 ? one : many}`

const listed = (names: readonly string[]) => {
  const more = names.length - MOST
  const shown = more > 0 ? [...names.slice(0, MOST), `${more.toLocaleString('en')} more`] : names
  return new Intl.ListFormat('en').format(shown)
}
const quoted = (names: readonly string[]) => listed(names.map((name) => `“${name}”`))
const numbers = (ids: readonly string[]) => listed(ids.map((id) => `no. ${id}`))

const who = ({ actor, tokenId }: AuditEvent): string => {
  const name =
    actor === null
      ? 'Somebody'
      : actor === 'the server'
        ? 'The server'
        : actor === 'command line'
          ? 'Somebody at the command line'
          : actor
  return tokenId === null ? name : `${name} (using token ${tokenId})`
}
const whose = ({ account }: AuditEvent) =>
  account === undefined ? 'their own account' : `the account ${account}`

const collection = ({ collectionName }: AuditEvent) =>
  collectionName === undefined ? 'a collection' : `the collection “${collectionName}”`
const collections = (ids: readonly string[]) =>
  `${ids.length === 1 ? 'collection' : 'collections'} ${numbers(ids)}`

const preset = ({ presetName }: AuditEvent) =>
  presetName === undefined ? 'a preset' : `the preset “${presetName}”`

const tagWord = (names: readonly string[]) => (names.length === 1 ? 'tag' : 'tags')
const tags = (event: AuditEvent): string[] => [
  ...(event.list('tagsAdded').length > 0
    ? [`added the ${tagWord(event.list('tagsAdded'))} ${quoted(event.list('tagsAdded'))}`]
    : []),
  ...(event.list('tagsRemoved').length > 0
    ? [`removed the ${tagWord(event.list('tagsRemoved'))} ${quoted(event.list('tagsRemoved'))}`]
    : []),
]
const changesOfMany = (event: AuditEvent): string[] => {
  const [members, pattern] = [event.list('membersSet'), event.text('pattern')]
  return [
    ...(members.length > 0 ? [`set ${listed(members)}`] : []),
    ...(pattern === undefined ? [] : [`renamed by the pattern ${quoted([pattern])}`]),
  ]
}
const ended = (event: AuditEvent): string => {
  const parts = [
    ...(event.number('sessionsEnded') > 0
      ? [count(event.number('sessionsEnded'), 'session', 'sessions')]
      : []),
    ...(event.number('tokensRevoked') > 0
      ? [count(event.number('tokensRevoked'), 'token', 'tokens')]
      : []),
  ]
  return parts.length > 0 ? ` This ended ${listed(parts)}.` : ''
}

const WRONG: Record<string, string> = {
  account: 'there is no such account',
  disabled: 'the account is disabled',
  password: 'the password was wrong',
  'changed meanwhile': 'the account was changed at the same moment',
}
const ROLES: Record<string, string> = {
  viewer: 'viewer',
  editor: 'editor',
  admin: 'administrator',
}
const role = (name: string | undefined) => ROLES[name ?? ''] ?? name ?? 'another role'

/** Each audit entry in words: one sentence or two. */
export const auditEn: Record<AuditAction, (event: AuditEvent) => string> = {
  'signed-in': (event) => {
    const { browser, system } = event.program ?? {}
    const from = browser ? ` with ${browser}${system ? ` on ${system}` : ''}` : ''
    return `${who(event)} signed in${from}.`
  },
  'sign-in-failed': (event) => {
    const more = event.number('more')
    if (more > 0) return `${count(more, 'more attempt', 'more attempts')} to sign in failed.`
    const reason = WRONG[event.text('wrong') ?? '']
    const as = event.account === undefined ? '' : ` as ${event.account}`
    return `Somebody failed to sign in${as}${reason ? `: ${reason}` : ''}.`
  },
  'sign-in-throttled': (event) =>
    `Sign-in${event.account === undefined ? '' : ` as ${event.account}`} was blocked after too many attempts.`,
  'signed-out': (event) => `${who(event)} signed out.`,
  'session-replayed': (event) =>
    `An old session token of ${event.account ?? event.actor ?? 'somebody'} was used again. It may have been stolen, so the session was ended.`,
  'session-ended': (event) => `${who(event)} ended a session of ${whose(event)}.`,
  'sessions-ended': (event) =>
    `${who(event)} ended ${count(event.number('count'), 'session', 'sessions')} of ${whose(event)}.`,
  refused: (event) =>
    `${who(event)} was denied ${event.text('method') ?? ''} ${event.text('route') ?? ''}: the permission ${event.text('needs') ?? ''} is missing.`,
  'token-refused': (event) =>
    `${who(event)} was denied ${event.text('method') ?? ''} ${event.text('route') ?? ''}: the personal token is no longer valid.`,
  'media-added': (event) => `${who(event)} added the image ${IMAGE}.`,
  'media-edited': (event) => {
    const renamed = event.nameBefore === undefined ? [] : [`renamed it from “${event.nameBefore}”`]
    const ids = event.list('ids')
    const parts = [...renamed, ...changesOfMany(event), ...tags(event)]
    if (ids.length > 0) {
      return `${who(event)} edited ${count(ids.length, 'image', 'images')} (${numbers(ids)})${parts.length > 0 ? `: ${listed(parts)}` : ''}.`
    }
    if (parts.length === 0) return `${who(event)} saved the image ${IMAGE} without changing it.`
    return `${who(event)} edited the image ${IMAGE}: ${listed(parts)}.`
  },
  'media-tagged': (event) => {
    const ids = event.list('ids')
    const what = tags(event)
    return `${who(event)} changed the tags of ${count(ids.length, 'image', 'images')} (${numbers(ids)})${what.length > 0 ? `: ${listed(what)}` : ''}.`
  },
  'media-trashed': (event) => {
    const ids = event.list('ids')
    if (event.imageId !== undefined) return `${who(event)} moved the image ${IMAGE} to the trash.`
    return `${who(event)} moved ${count(ids.length, 'image', 'images')} to the trash (${numbers(ids)}).`
  },
  'media-restored': (event) => {
    const ids = event.list('ids')
    if (event.imageId !== undefined) {
      return `${who(event)} restored the image ${IMAGE} from the trash.`
    }
    return `${who(event)} restored ${count(ids.length, 'image', 'images')} from the trash (${numbers(ids)}).`
  },
  'media-merged': (event) => {
    const ids = event.list('ids')
    return `${who(event)} merged ${count(ids.length, 'image', 'images')} (${numbers(ids)}) into the image ${IMAGE}.`
  },
  'tag-renamed': (event) =>
    `${who(event)} renamed the tag ${quoted([event.text('from') ?? ''])} to ${quoted([event.text('to') ?? ''])} on ${count(event.number('items'), 'image', 'images')}.`,
  'tag-removed': (event) =>
    `${who(event)} removed the tag ${quoted([event.text('tag') ?? ''])} from ${count(event.number('items'), 'image', 'images')}.`,
  'media-deleted': (event) => {
    const ids = event.list('ids')
    if (event.imageId !== undefined) return `${who(event)} deleted the image ${IMAGE}.`
    return `${who(event)} deleted ${count(ids.length, 'image', 'images')} (${numbers(ids)}).`
  },
  'media-replaced': (event) =>
    `${who(event)} replaced the image ${IMAGE}; it is version ${event.number('version')} now.`,
  'version-restored': (event) =>
    `${who(event)} restored version ${event.number('from')} of the image ${IMAGE}.`,
  'version-deleted': (event) =>
    `${who(event)} deleted version ${event.number('version')} of the image ${IMAGE}.`,
  'media-collected': (event) => {
    const [ids, added, removed] = [event.list('ids'), event.list('added'), event.list('removed')]
    const parts = [
      ...(added.length > 0 ? [`into ${collections(added)}`] : []),
      ...(removed.length > 0 ? [`out of ${collections(removed)}`] : []),
    ]
    const images = `${count(ids.length, 'image', 'images')} (${numbers(ids)})`
    return `${who(event)} moved ${images}${parts.length > 0 ? ` ${listed(parts)}` : ''}.`
  },
  'collection-added': (event) =>
    event.text('query') === undefined
      ? `${who(event)} made ${collection(event)}.`
      : `${who(event)} saved a search as ${collection(event)}.`,
  'collection-changed': (event) => {
    const moved = event.list('ordered')
    if (moved.length > 0) {
      return `${who(event)} moved ${count(moved.length, 'image', 'images')} within ${collection(event)} (${numbers(moved)}).`
    }
    const renamed = event.nameBefore === undefined ? '' : `: renamed it from “${event.nameBefore}”`
    return `${who(event)} changed ${collection(event)}${renamed}.`
  },
  'collection-deleted': (event) => {
    const below = event.number('below')
    return `${who(event)} deleted ${collection(event)}${below > 0 ? ` with ${count(below, 'sub-collection', 'sub-collections')}` : ''}. Its images were kept.`
  },
  'preset-saved': (event) =>
    `${who(event)} saved ${preset(event)}${event.text('options') === undefined ? '' : `: ${event.text('options')}`}.`,
  'preset-deleted': (event) => `${who(event)} deleted ${preset(event)}.`,
  'account-created': (event) =>
    `${who(event)} created ${whose(event)} with the role ${role(event.text('role'))}.`,
  'account-removed': (event) => `${who(event)} deleted ${whose(event)}.`,
  'account-disabled': (event) => `${who(event)} disabled ${whose(event)}.${ended(event)}`,
  'account-enabled': (event) => `${who(event)} enabled ${whose(event)}.`,
  'role-changed': (event) =>
    `${who(event)} changed the role of ${whose(event)} from ${listed(event.list('from').map(role))} to ${role(event.text('to'))}.`,
  'password-changed': (event) => `${who(event)} changed their password.${ended(event)}`,
  'password-change-failed': (event) =>
    `${who(event)} failed to change their password: the current password was wrong.`,
  'password-reset': (event) =>
    `${who(event)} set a new password for ${whose(event)}.${ended(event)}`,
  'token-created': (event) =>
    `${who(event)} created the personal token “${event.text('name') ?? event.number('token')}” for ${whose(event)}, which allows ${listed(event.list('permissions'))}.`,
  'token-revoked': (event) =>
    `${who(event)} revoked the personal token “${event.text('name') ?? event.number('token')}” of ${whose(event)}.`,
  'trail-purged': (event) =>
    `${who(event)} deleted ${count(event.number('count'), 'old entry', 'old entries')} from this trail.`,
  'library-copied': (event) => `${who(event)} copied the library here.`,
  'library-repaired': (event) =>
    `${who(event)} repaired the library: ${event.number('repaired').toLocaleString('en')} of ${count(event.number('findings'), 'finding', 'findings')} ${event.number('repaired') === 1 ? 'was' : 'were'} fixed.`,
  'library-restored': (event) => `${who(event)} restored the library from a backup.`,
}
