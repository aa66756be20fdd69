import { type AuditEvent, IMAGE } from '../admin/audit-event'
import type { AuditAction } from '../api/client'

/** Names that a sentence lists; the rest is only counted. */
const MOST = 8

const count = (number: number, one: string, many: string) =>
  number === 1 ? one : `${number.toLocaleString('de')} ${many}`

const listed = (names: readonly string[]) => {
  const more = names.length - MOST
  const shown = more > 0 ? [...names.slice(0, MOST), `${more.toLocaleString('de')} weitere`] : names
  return new Intl.ListFormat('de').format(shown)
}
const quoted = (names: readonly string[]) => listed(names.map((name) => `„${name}“`))
const numbers = (ids: readonly string[]) => listed(ids.map((id) => `Nr. ${id}`))

const who = ({ actor, tokenId }: AuditEvent): string => {
  const name =
    actor === null
      ? 'Jemand'
      : actor === 'the server'
        ? 'Der Server'
        : actor === 'command line'
          ? 'Jemand an der Befehlszeile'
          : actor
  return tokenId === null ? name : `${name} (mit Token ${tokenId})`
}
/** The account in the accusative; `ofAccount` has the genitive. */
const account = ({ account: name }: AuditEvent) =>
  name === undefined ? 'das eigene Konto' : `das Konto ${name}`
const ofAccount = ({ account: name }: AuditEvent) =>
  name === undefined ? 'des eigenen Kontos' : `des Kontos ${name}`

/** In the accusative. */
const collection = ({ collectionName }: AuditEvent) =>
  collectionName === undefined ? 'eine Sammlung' : `die Sammlung „${collectionName}“`
const collections = (ids: readonly string[]) =>
  `${ids.length === 1 ? 'Sammlung' : 'Sammlungen'} ${numbers(ids)}`

const preset = ({ presetName }: AuditEvent) =>
  presetName === undefined ? 'eine Voreinstellung' : `die Voreinstellung „${presetName}“`

const tags = (event: AuditEvent): string[] => {
  const [added, removed] = [event.list('tagsAdded'), event.list('tagsRemoved')]
  const word = (list: readonly string[]) => (list.length === 1 ? 'Schlagwort' : 'Schlagwörter')
  return [
    ...(added.length > 0 ? [`${word(added)} ${quoted(added)} hinzugefügt`] : []),
    ...(removed.length > 0 ? [`${word(removed)} ${quoted(removed)} entfernt`] : []),
  ]
}
const changesOfMany = (event: AuditEvent): string[] => {
  const [members, pattern] = [event.list('membersSet'), event.text('pattern')]
  return [
    ...(members.length > 0 ? [`${listed(members)} gesetzt`] : []),
    ...(pattern === undefined ? [] : [`nach dem Muster ${quoted([pattern])} umbenannt`]),
  ]
}
const ended = (event: AuditEvent): string => {
  const [sessions, tokens] = [event.number('sessionsEnded'), event.number('tokensRevoked')]
  const parts = [
    ...(sessions > 0 ? [count(sessions, 'eine Sitzung', 'Sitzungen')] : []),
    ...(tokens > 0 ? [count(tokens, 'ein Token', 'Token')] : []),
  ]
  const verb = sessions + tokens === 1 ? 'endete' : 'endeten'
  return parts.length > 0 ? ` Damit ${verb} ${listed(parts)}.` : ''
}

const WRONG: Record<string, string> = {
  account: 'Es gibt kein solches Konto.',
  disabled: 'Das Konto ist gesperrt.',
  password: 'Das Passwort war falsch.',
  'changed meanwhile': 'Das Konto wurde im selben Augenblick geändert.',
}
const ROLES: Record<string, string> = {
  viewer: 'Betrachter',
  editor: 'Redakteur',
  admin: 'Administrator',
}
const role = (name: string | undefined) => ROLES[name ?? ''] ?? name ?? 'eine andere Rolle'

/** Each audit entry in words: one sentence or two. */
export const auditDe: Record<AuditAction, (event: AuditEvent) => string> = {
  'signed-in': (event) => {
    const { browser, system } = event.program ?? {}
    const from = browser ? ` mit ${browser}${system ? ` auf ${system}` : ''}` : ''
    return `${who(event)} hat sich${from} angemeldet.`
  },
  'sign-in-failed': (event) => {
    const more = event.number('more')
    if (more > 0) {
      return more === 1
        ? 'Ein weiterer Anmeldeversuch ist fehlgeschlagen.'
        : `${more.toLocaleString('de')} weitere Anmeldeversuche sind fehlgeschlagen.`
    }
    const as = event.account === undefined ? '' : ` als ${event.account}`
    const reason = WRONG[event.text('wrong') ?? '']
    return `Eine Anmeldung${as} ist fehlgeschlagen.${reason ? ` ${reason}` : ''}`
  },
  'sign-in-throttled': (event) =>
    `Anmeldungen${event.account === undefined ? '' : ` als ${event.account}`} wurden nach zu vielen Versuchen blockiert.`,
  'signed-out': (event) => `${who(event)} hat sich abgemeldet.`,
  'session-replayed': (event) =>
    `Ein altes Sitzungstoken von ${event.account ?? event.actor ?? 'jemandem'} wurde erneut verwendet. Es wurde möglicherweise gestohlen, deshalb wurde die Sitzung beendet.`,
  'session-ended': (event) => `${who(event)} hat eine Sitzung ${ofAccount(event)} beendet.`,
  'sessions-ended': (event) =>
    `${who(event)} hat ${count(event.number('count'), 'eine Sitzung', 'Sitzungen')} ${ofAccount(event)} beendet.`,
  refused: (event) =>
    `${who(event)} wurde bei ${event.text('method') ?? ''} ${event.text('route') ?? ''} abgewiesen: Es fehlt die Berechtigung ${event.text('needs') ?? ''}.`,
  'token-refused': (event) =>
    `${who(event)} wurde bei ${event.text('method') ?? ''} ${event.text('route') ?? ''} abgewiesen: Das persönliche Token gilt nicht mehr.`,
  'media-added': (event) => `${who(event)} hat das Bild ${IMAGE} hinzugefügt.`,
  'media-edited': (event) => {
    const renamed = event.nameBefore === undefined ? [] : [`aus „${event.nameBefore}“ umbenannt`]
    const ids = event.list('ids')
    const parts = [...renamed, ...changesOfMany(event), ...tags(event)]
    if (ids.length > 0) {
      return `${who(event)} hat ${count(ids.length, 'ein Bild', 'Bilder')} bearbeitet (${numbers(ids)})${parts.length > 0 ? `: ${listed(parts)}` : ''}.`
    }
    if (parts.length === 0) {
      return `${who(event)} hat das Bild ${IMAGE} gespeichert, ohne etwas zu ändern.`
    }
    return `${who(event)} hat das Bild ${IMAGE} bearbeitet: ${listed(parts)}.`
  },
  'media-tagged': (event) => {
    const ids = event.list('ids')
    const of = count(ids.length, 'einem Bild', 'Bildern')
    const what = tags(event)
    return `${who(event)} hat die Schlagwörter von ${of} geändert (${numbers(ids)})${what.length > 0 ? `: ${listed(what)}` : ''}.`
  },
  'media-trashed': (event) => {
    const ids = event.list('ids')
    if (event.imageId !== undefined) {
      return `${who(event)} hat das Bild ${IMAGE} in den Papierkorb gelegt.`
    }
    return `${who(event)} hat ${count(ids.length, 'ein Bild', 'Bilder')} in den Papierkorb gelegt (${numbers(ids)}).`
  },
  'media-restored': (event) => {
    const ids = event.list('ids')
    if (event.imageId !== undefined) {
      return `${who(event)} hat das Bild ${IMAGE} aus dem Papierkorb zurückgeholt.`
    }
    return `${who(event)} hat ${count(ids.length, 'ein Bild', 'Bilder')} aus dem Papierkorb zurückgeholt (${numbers(ids)}).`
  },
  'media-merged': (event) => {
    const ids = event.list('ids')
    return `${who(event)} hat ${count(ids.length, 'ein Bild', 'Bilder')} (${numbers(ids)}) mit dem Bild ${IMAGE} zusammengelegt.`
  },
  'tag-renamed': (event) =>
    `${who(event)} hat das Schlagwort ${quoted([event.text('from') ?? ''])} in ${quoted([event.text('to') ?? ''])} umbenannt, bei ${count(event.number('items'), 'einem Bild', 'Bildern')}.`,
  'tag-removed': (event) =>
    `${who(event)} hat das Schlagwort ${quoted([event.text('tag') ?? ''])} von ${count(event.number('items'), 'einem Bild', 'Bildern')} entfernt.`,
  'media-deleted': (event) => {
    const ids = event.list('ids')
    if (event.imageId !== undefined) return `${who(event)} hat das Bild ${IMAGE} gelöscht.`
    return `${who(event)} hat ${count(ids.length, 'ein Bild', 'Bilder')} gelöscht (${numbers(ids)}).`
  },
  'media-replaced': (event) =>
    `${who(event)} hat das Bild ${IMAGE} ersetzt; es ist jetzt Version ${event.number('version')}.`,
  'version-restored': (event) =>
    `${who(event)} hat Version ${event.number('from')} des Bildes ${IMAGE} wiederhergestellt.`,
  'version-deleted': (event) =>
    `${who(event)} hat Version ${event.number('version')} des Bildes ${IMAGE} gelöscht.`,
  'media-collected': (event) => {
    const [ids, added, removed] = [event.list('ids'), event.list('added'), event.list('removed')]
    const parts = [
      ...(added.length > 0 ? [`in ${collections(added)} aufgenommen`] : []),
      ...(removed.length > 0 ? [`aus ${collections(removed)} entfernt`] : []),
    ]
    const images = `${count(ids.length, 'ein Bild', 'Bilder')} (${numbers(ids)})`
    return `${who(event)} hat ${images} ${parts.length > 0 ? listed(parts) : 'neu einsortiert'}.`
  },
  'collection-added': (event) =>
    event.text('query') === undefined
      ? `${who(event)} hat ${collection(event)} angelegt.`
      : `${who(event)} hat eine Suche als ${collection(event)} gespeichert.`,
  'collection-changed': (event) => {
    const moved = event.list('ordered')
    if (moved.length > 0) {
      return `${who(event)} hat ${collection(event)} umgeordnet: ${count(moved.length, 'ein Bild', 'Bilder')} (${numbers(moved)}).`
    }
    const renamed = event.nameBefore === undefined ? '' : `: aus „${event.nameBefore}“ umbenannt`
    return `${who(event)} hat ${collection(event)} geändert${renamed}.`
  },
  'collection-deleted': (event) => {
    const below = event.number('below')
    return `${who(event)} hat ${collection(event)}${below > 0 ? ` mit ${count(below, 'einer Untersammlung', 'Untersammlungen')}` : ''} gelöscht. Die Bilder darin bleiben.`
  },
  'preset-saved': (event) =>
    `${who(event)} hat ${preset(event)} gespeichert${event.text('options') === undefined ? '' : `: ${event.text('options')}`}.`,
  'preset-deleted': (event) => `${who(event)} hat ${preset(event)} gelöscht.`,
  'account-created': (event) =>
    `${who(event)} hat ${account(event)} angelegt, mit der Rolle ${role(event.text('role'))}.`,
  'account-removed': (event) => `${who(event)} hat ${account(event)} gelöscht.`,
  'account-disabled': (event) => `${who(event)} hat ${account(event)} gesperrt.${ended(event)}`,
  'account-enabled': (event) => `${who(event)} hat ${account(event)} entsperrt.`,
  'role-changed': (event) =>
    `${who(event)} hat die Rolle ${ofAccount(event)} von ${listed(event.list('from').map(role))} auf ${role(event.text('to'))} geändert.`,
  'password-changed': (event) => `${who(event)} hat das eigene Passwort geändert.${ended(event)}`,
  'password-change-failed': (event) =>
    `${who(event)} konnte das eigene Passwort nicht ändern: Das aktuelle Passwort war falsch.`,
  'password-reset': (event) =>
    `${who(event)} hat ein neues Passwort für ${account(event)} festgelegt.${ended(event)}`,
  'token-created': (event) =>
    `${who(event)} hat für ${account(event)} das persönliche Token „${event.text('name') ?? event.number('token')}“ erstellt. Es erlaubt ${listed(event.list('permissions'))}.`,
  'token-revoked': (event) =>
    `${who(event)} hat das persönliche Token „${event.text('name') ?? event.number('token')}“ ${ofAccount(event)} widerrufen.`,
  'trail-purged': (event) =>
    `${who(event)} hat ${count(event.number('count'), 'einen alten Eintrag', 'alte Einträge')} aus diesem Protokoll gelöscht.`,
  'library-copied': (event) => `${who(event)} hat die Bibliothek hierher kopiert.`,
  'library-repaired': (event) => {
    const repaired = event.number('repaired')
    return `${who(event)} hat die Bibliothek repariert: ${repaired.toLocaleString('de')} von ${event.number('findings').toLocaleString('de')} Befunden ${repaired === 1 ? 'wurde' : 'wurden'} behoben.`
  },
  'library-restored': (event) =>
    `${who(event)} hat die Bibliothek aus einer Sicherung wiederhergestellt.`,
}
