/** Every text of the page. Other languages have the same members; the compiler sees to it. */
export const en = {
  language: 'English',
  chooseLanguage: 'Language',
  signIn: 'Sign in',
  signOut: 'Sign out',
  username: 'Username',
  password: 'Password',
  sessionOver: 'Your session is over. Sign in again to go on where you were.',
  invalidCredentials: 'The username or the password is wrong.',
  tooManyAttempts: 'Too many attempts. Wait a few minutes, then try again.',
  unreachable: 'The server cannot be reached. Check the connection and try again.',
  serverFault: 'The server could not do this. Try again; if it goes on, look into its log.',
  tryAgain: 'Try again',
  loading: 'Loading',
  search: 'Search names and tags',
  clearSearch: 'Clear the search',
  newestFirst: 'Newest first',
  oldestFirst: 'Oldest first',
  order: 'Order',
  size: 'Size of the images',
  small: 'Small',
  medium: 'Medium',
  large: 'Large',
  images: (count: number) => (count === 1 ? '1 image' : `${count.toLocaleString('en')} images`),
  matches: (count: number) => (count === 1 ? '1 match' : `${count.toLocaleString('en')} matches`),
  noMatches: (search: string) => `Nothing matches “${search}”.`,
  noMatchesHint: 'Every word must occur in the name or in a tag. Try fewer or shorter words.',
  empty: 'The library is empty.',
  emptyHint: 'Drop images anywhere on this page, or choose files.',
  close: 'Close',
  previous: 'Previous image',
  next: 'Next image',
  name: 'Name',
  tags: 'Tags',
  save: 'Save',
  saved: 'Saved',
  discard: 'Discard changes',
  unsaved: 'There are changes that are not saved.',
  remove: 'Delete',
  removeQuestion: (name: string) => `Delete “${name}” and its files for good?`,
  removed: (name: string) => `“${name}” was deleted.`,
  cancel: 'Cancel',
  download: 'Download the original',
  copyScaled: 'Copy link (small)',
  copyHigh: 'Copy link (large)',
  copyMarkdown: 'Copy as Markdown',
  copyHtml: 'Copy as HTML',
  copied: 'Copied',
  gone: 'This image is not in the library any more.',
  type: 'Type',
  fileSize: 'Size',
  dimensions: 'Dimensions',
  added: 'Added',
  grid: 'Images',
  select: (name: string) => `Select “${name}”`,
  selectAll: (total: number) => `Select all ${total.toLocaleString('en')}`,
  selectedCount: (count: number) =>
    count === 1 ? '1 selected' : `${count.toLocaleString('en')} selected`,
  clearSelection: 'Clear the selection',
  addTags: 'Add tags',
  removeTags: 'Remove tags',
  addTagsTo: (count: number) =>
    count === 1 ? 'Add tags to 1 image' : `Add tags to ${count.toLocaleString('en')} images`,
  removeTagsFrom: (count: number) =>
    count === 1
      ? 'Remove tags from 1 image'
      : `Remove tags from ${count.toLocaleString('en')} images`,
  apply: 'Apply',
  removeMany: (count: number) =>
    count === 1 ? 'Delete 1 image?' : `Delete ${count.toLocaleString('en')} images?`,
  removeManyQuestion: (count: number): string =>
    count === 1
      ? 'The image and its files will be gone for good. You can undo this for eight seconds.'
      : 'The images and their files will be gone for good. You can undo this for eight seconds.',
  going: 'Being deleted',
  aboutToRemove: (count: number) =>
    count === 1
      ? '1 image is about to be deleted.'
      : `${count.toLocaleString('en')} images are about to be deleted.`,
  undo: 'Undo',
  removing: (done: number, total: number) =>
    `Deleting: ${done.toLocaleString('en')} of ${total.toLocaleString('en')}`,
  tagging: (done: number, total: number) =>
    `Changing tags: ${done.toLocaleString('en')} of ${total.toLocaleString('en')}`,
  waitingForSignIn: 'Waiting until you have signed in again',
  stop: 'Stop',
  removedMany: (count: number) =>
    count === 1 ? '1 image was deleted.' : `${count.toLocaleString('en')} images were deleted.`,
  taggedMany: (count: number) =>
    count === 1
      ? 'The tags of 1 image were changed.'
      : `The tags of ${count.toLocaleString('en')} images were changed.`,
  failedMany: (count: number) =>
    count === 1 ? '1 image failed.' : `${count.toLocaleString('en')} images failed.`,
  leftMany: (count: number) =>
    count === 1 ? 'Left to do: 1 image.' : `Left to do: ${count.toLocaleString('en')} images.`,
  details: 'Details',
  moreFailed: (count: number) => `and ${count.toLocaleString('en')} more`,
  itemNumber: (id: number) => `Image no. ${id}`,
  reason: 'Reason',
  forbidden: 'You may not do this any more.',
  upload: 'Upload',
  uploads: 'Uploads',
  dropHere: 'Drop images here',
  uploadsElsewhere: 'Uploads are handled by another server.',
  tagsForAll: 'Tags for all new uploads',
  waiting: 'Waiting',
  uploading: (percent: number) => `${percent} %`,
  processing: 'Processing',
  uploaded: 'Added',
  alreadyThere: 'The library already holds this file. It was added once more.',
  showEarlier: 'Show the earlier one',
  failed: 'Failed',
  canceled: 'Cancelled',
  retry: 'Retry',
  retryAll: 'Retry all failed',
  clearDone: 'Clear finished',
  tagsForAllHint: 'Given to each file when its upload starts.',
  uploadAtOnce: 'Upload at once, without waiting for names and tags',
  files: 'Files',
  collapse: 'Collapse',
  expand: 'Expand',
  closeUploads: 'Close the uploads',
  cancelAll: 'Cancel all',
  uploadedOf: (added: number, total: number) =>
    `${added.toLocaleString('en')} of ${total.toLocaleString('en')} uploaded.`,
  failures: (count: number) => `${count.toLocaleString('en')} failed.`,
  emptyFile: 'The file is empty.',
  unreadable: 'The file can no longer be read. It may have been changed or moved; choose it again.',
  pasted: 'Pasted',
  leftOut: (count: number) =>
    count === 1
      ? '1 file was left out, as it is no image.'
      : `${count.toLocaleString('en')} files were left out, as they are no images.`,
  heldBySession: 'Your session is over. Uploads go on when you have signed in.',
  heldByOffline: 'There is no connection. Uploads go on when it is back.',
  heldByServer: 'The server cannot be reached. Uploads go on when it answers again.',
  heldByBusy: 'The server is busy. Uploads go on by themselves in a moment.',
  heldByPause: 'Give names and tags, then start.',
  startUploads: (count: number) =>
    count === 1 ? 'Start 1 upload' : `Start ${count.toLocaleString('en')} uploads`,
}

export type Messages = typeof en
