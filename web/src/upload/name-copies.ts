/** The name that browsers give to every image from the clipboard. */
const NO_NAME = /^image\.\w+$/

/** Names pasted images after the time if they have no name of their own, as from another program. */
export function nameCopies(files: readonly File[], word: string, language: string): File[] {
  const time = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'medium' })
  return files.map((file) => {
    if (!NO_NAME.test(file.name)) return file
    const extension = file.name.slice(file.name.lastIndexOf('.'))
    return new File([file], `${word} ${time.format()}${extension}`, { type: file.type })
  })
}
