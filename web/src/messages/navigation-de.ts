import type { navigationEn } from './navigation-en'

export const navigationDe: typeof navigationEn = {
  navigation: 'Bibliothek',
  openNavigation: 'Navigation öffnen',
  closeNavigation: 'Navigation schließen',
  library: 'Alle Bilder',
  untagged: 'Ohne Schlagwörter',
  withoutAlt: 'Ohne Alternativtext',
  revealing: 'Verraten einen Ort',
  savedSearches: 'Gespeicherte Suchen',
  saveSearch: 'Suche speichern',
  savedAs: (name: string) => `Die Suche wurde als „${name}“ gespeichert.`,
  searchName: 'Name der Suche',
  addCollection: 'Neue Sammlung',
  addCollectionWithin: 'Neue Sammlung darin',
  collectionName: 'Name der Sammlung',
  openCollection: (name: string) => `Was in „${name}“ ist`,
  changeCollection: (name: string) => `„${name}“ ändern`,
  renameCollection: 'Umbenennen',
  deleteCollection: (name: string) => `„${name}“ löschen?`,
  deleteCollectionHint: 'Ihre Bilder bleiben in der Bibliothek.',
  deleteTreeHint:
    'Die Sammlungen darin werden auch gelöscht. Alle Bilder bleiben in der Bibliothek.',
  moreCollections: (count: number) =>
    `${count.toLocaleString('de')} weitere. Die Bildansicht und die Filter finden sie.`,
  change: 'Ändern',
  collectionsOf: (count: number) =>
    count === 1 ? 'Sammlungen von 1 Bild' : `Sammlungen von ${count.toLocaleString('de')} Bildern`,
  putInto: 'Hinein in',
  takeOutOf: 'Heraus aus',
  filing: (done: number, total: number) =>
    `Wird eingeordnet: ${done.toLocaleString('de')} von ${total.toLocaleString('de')}`,
  filedMany: (count: number) =>
    count === 1
      ? '1 Bild wurde eingeordnet.'
      : `${count.toLocaleString('de')} Bilder wurden eingeordnet.`,
  appearance: 'Darstellung',
  schemes: { auto: 'Wie das System', light: 'Hell', dark: 'Dunkel' },
}
