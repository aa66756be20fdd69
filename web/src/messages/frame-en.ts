/** The texts of the navigation. A part of `en`. */
export const frameEn = {
  navigation: 'Navigation',
  library: 'Library',
  untagged: 'Untagged',
  noAlt: 'No alt text',
  revealsPlace: 'Reveals a place',
  savedSearches: 'Saved searches',
  addCollection: 'New collection',
  saveSearch: 'Save this search',
  collectionName: 'Name of the collection',
  searchName: 'Name of the saved search',
  rename: 'Rename',
  addInside: 'New collection inside',
  moveUp: 'Move up',
  moveDown: 'Move down',
  moreFor: (name: string) => `Actions for “${name}”`,
  deleteCollection: (name: string) => `Delete the collection “${name}”?`,
  deleteCollectionHint: 'Its sub-collections go with it. The images stay in the library.',
  deleteSearch: (name: string) => `Delete the saved search “${name}”?`,
  deleteSearchHint: 'The images stay in the library.',
  count: (count: number) => count.toLocaleString('en'),
  change: 'Change',
  collectionsOf: (count: number) =>
    count === 1 ? 'Collections of 1 image' : `Collections of ${count.toLocaleString('en')} images`,
  putInto: 'Put into',
  takeOutOf: 'Take out of',
  filing: (done: number, total: number) =>
    `Filing: ${done.toLocaleString('en')} of ${total.toLocaleString('en')}`,
  filedMany: (count: number) =>
    count === 1 ? '1 image was filed.' : `${count.toLocaleString('en')} images were filed.`,
}
