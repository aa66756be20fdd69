import type { frameEn } from './frame-en'

/** German texts of the navigation. */
export const frameDe: typeof frameEn = {
  navigation: 'Navigation',
  library: 'Bibliothek',
  untagged: 'Ohne Schlagwörter',
  noAlt: 'Ohne Alternativtext',
  revealsPlace: 'Verrät einen Ort',
  savedSearches: 'Gespeicherte Suchen',
  addCollection: 'Neue Sammlung',
  saveSearch: 'Diese Suche speichern',
  collectionName: 'Name der Sammlung',
  searchName: 'Name der gespeicherten Suche',
  rename: 'Umbenennen',
  addInside: 'Neue Sammlung darin',
  moveUp: 'Nach oben',
  moveDown: 'Nach unten',
  moreFor: (name) => `Aktionen für „${name}“`,
  deleteCollection: (name) => `Sammlung „${name}“ löschen?`,
  deleteCollectionHint: 'Ihre Untersammlungen gehen mit. Die Bilder bleiben in der Bibliothek.',
  deleteSearch: (name) => `Gespeicherte Suche „${name}“ löschen?`,
  deleteSearchHint: 'Die Bilder bleiben in der Bibliothek.',
  count: (count) => count.toLocaleString('de'),
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
}
