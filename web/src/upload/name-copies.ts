/** What browsers call every image that comes from the clipboard. */
const NO_NAME = /^image\.\w+$/

/** Names after the time what has been copied out of a program and has no name of its own. */
export function nameCopies(files: readonly File[], word: string, language: string): File[] {
  const time = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'medium' })
  return files.map((file) => {
    if (!NO_NAME.test(file.name)) return file
    const extension = file.name.slice(file.name.lastIndexOf('.'))
    return new File([file], `${word} ${time.format()}${extension}`, { type: file.type })
  })
}
