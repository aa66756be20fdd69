const number = (count: number) => count.toLocaleString('en')

/** The texts of the alt-text desk and of the duplicates. They are loaded with these views. */
export const deskEn = {
  back: 'Library',
  narrowed: 'Only images that match the filters of the library',
  showAll: 'All images',

  progress: (done: number, total: number, left: number) =>
    `${number(done)} of ${number(total)} done, ${number(left)} left`,
  altHint:
    'Say what matters about the image here, in a sentence or two, as you would on the phone. Without “image of”.',
  characters: (count: number, most: number) => `${number(count)} of ${number(most)} characters`,
  long: 'Long for a screen reader. What can wait belongs into the description.',
  tooLong: (most: number) => `At most ${number(most)} characters.`,
  emptyAlt: 'Write a text, mark the image as decorative, or skip it.',
  saveNext: 'Save, next',
  decorative: 'Decorative, next',
  isDecorative: 'Decorative: screen readers skip this image.',
  skip: 'Skip',
  previous: 'Back',
  openImage: 'Details',
  nowShown: (name: string) => `Now: ${name}`,
  saving: (count: number) => (count === 1 ? 'Saving 1 text' : `Saving ${number(count)} texts`),
  allSaved: 'All saved',
  notSaved: (count: number) =>
    count === 1
      ? '1 text is not saved yet. It is kept and sent again.'
      : `${number(count)} texts are not saved yet. They are kept and sent again.`,
  asking: (count: number) =>
    count === 1
      ? '1 text needs your decision. It comes next.'
      : `${number(count)} texts need your decision. They come next.`,
  conflict: 'Someone else has written a text for this image meanwhile:',
  conflictDecorative: 'Someone else has marked this image as decorative meanwhile.',
  keepTheirs: 'Keep theirs',
  yoursReplaces: 'If you save, yours replaces it.',
  goneWithText: (name: string, text: string) =>
    text === ''
      ? `“${name}” was deleted meanwhile.`
      : `“${name}” was deleted meanwhile. Your text for it was: ${text}`,
  finished: 'Every image has an alternative text.',
  finishedNarrowed: 'Every one of these images has an alternative text.',
  onlySkipped: (count: number) =>
    count === 1
      ? 'Only the image that you skipped is left.'
      : `Only the ${number(count)} images that you skipped are left.`,
  showSkipped: 'Show them again',
  lookAgain: 'Look again',
  suggestion: 'Suggestion',
  suggesting: 'A suggestion is on its way.',
  suggestionHint: 'Made by a machine. Check it before you save.',
  useSuggestion: 'Use it',
  takeSuggestion: 'Use the suggestion',
  noSuggestion: 'There is no suggestion:',

  keys: 'Keys',
  key: {
    enter: 'Enter',
    pageUp: 'Page up',
    pageDown: 'Page down',
    control: 'Ctrl',
    shift: 'Shift',
    alt: 'Alt',
    backspace: 'Backspace',
  },

  duplicatesHint:
    'Keep one of each group. It gets the tags, collections and texts that it lacks; the others go to the trash, and their addresses lead to it.',
  kind: 'Kind of duplicates',
  exact: 'Same file',
  near: 'Look alike',
  groupOf: (place: number, total: number) => `Group ${number(place)} of ${number(total)}`,
  counts: (merged: number, skipped: number) =>
    `${number(merged)} merged, ${number(skipped)} skipped`,
  images: (count: number) => (count === 1 ? '1 image' : `${number(count)} images`),
  shownOf: (shown: number, count: number) =>
    `The first ${number(shown)} of ${number(count)} are shown. The others follow once these are merged.`,
  keepThis: 'Keep this one',
  openNamed: (name: string) => `Open ${name}`,
  best: 'Suggested',
  takePart: 'Is a duplicate',
  merge: (count: number) =>
    count === 1 ? 'Merge, 1 to the trash' : `Merge, ${number(count)} to the trash`,
  notDuplicates: 'Not duplicates: skip',
  previousGroup: 'Previous group',
  merged: (count: number, name: string) =>
    count === 1
      ? `1 image was merged into “${name}”.`
      : `${number(count)} images were merged into “${name}”.`,
  mergedAlready: 'This group was merged.',
  skippedAlready: 'You skipped this group.',
  groupGone: 'These images are no longer duplicates: someone has changed them meanwhile.',
  undo: 'Undo',
  undone: 'The images are in the library again.',
  undonePartly:
    'The images are in the library again. What the kept one got stays, because it was changed since.',
  notUndone: 'The merge could not be undone.',
  noExact: 'No file is in the library twice.',
  noNear: 'No images look almost the same.',
  allSeen: 'You have seen every group.',
  mayNotMerge: 'You may look at duplicates, but not merge them.',
  differences: 'What differs',
  sameRows: (count: number) =>
    count === 1 ? 'Show 1 line that is the same' : `Show ${number(count)} lines that are the same`,
  hideSame: 'Hide what is the same',
  rows: {
    pixels: 'Pixels',
    bytes: 'File size',
    format: 'Format',
    name: 'Name',
    fileName: 'File name',
    taken: 'Taken',
    camera: 'Camera',
    tags: 'Tags',
    collections: 'Collections',
    alt: 'Alternative text',
    description: 'Description',
    credit: 'Credit',
    copyright: 'Copyright',
    source: 'Source',
    rating: 'Rating',
    added: 'Added',
    addedBy: 'Added by',
  },
  none: 'none',
  keyMerge: 'merge',
  keySkip: 'skip',
  keyBack: 'back',
  keyChoose: 'choose',
  keyUndo: 'undo',

  alike: 'Alike images',
  alikeBy: 'Alike by',
  byImage: 'Look',
  byColor: 'Colour',
  distance: (distance: string) => `distance ${distance}`,
  noneAlike: 'There are no other images.',
}
