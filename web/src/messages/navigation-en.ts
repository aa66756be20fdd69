/** The texts of the navigation and of the appearance. A part of `en`. */
export const navigationEn = {
  navigation: 'Library',
  openNavigation: 'Open navigation',
  closeNavigation: 'Close navigation',
  library: 'All images',
  untagged: 'Untagged',
  withoutAlt: 'No alternative text',
  revealing: 'Reveal a position',
  savedSearches: 'Saved searches',
  saveSearch: 'Save search',
  savedAs: (name: string) => `The search was saved as “${name}”.`,
  searchName: 'Name of the search',
  addCollection: 'New collection',
  addCollectionWithin: 'New collection in it',
  collectionName: 'Name of the collection',
  openCollection: (name: string) => `What is in “${name}”`,
  changeCollection: (name: string) => `Change “${name}”`,
  renameCollection: 'Rename',
  deleteCollection: (name: string) => `Delete “${name}”?`,
  deleteCollectionHint: 'Its images stay in the library.',
  deleteTreeHint: 'The collections in it are deleted too. All images stay in the library.',
  moreCollections: (count: number) =>
    `${count.toLocaleString('en')} more. The item view and the filters find them.`,
  change: 'Change',
  collectionsOf: (count: number) =>
    count === 1 ? 'Collections of 1 image' : `Collections of ${count.toLocaleString('en')} images`,
  putInto: 'Put into',
  takeOutOf: 'Take out of',
  filing: (done: number, total: number) =>
    `Filing: ${done.toLocaleString('en')} of ${total.toLocaleString('en')}`,
  filedMany: (count: number) =>
    count === 1 ? '1 image was filed.' : `${count.toLocaleString('en')} images were filed.`,
  appearance: 'Appearance',
  schemes: { auto: 'As the system', light: 'Light', dark: 'Dark' },
}
