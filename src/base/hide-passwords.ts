/**
 * A text without what stands before the host in the addresses that it quotes, up to the last `@`: a password
 * that is not written as addresses want it may hold anything.
 */
export const hidePasswords = (text: string): string =>
  text.replace(/[^\s'"`]+/g, (word) => {
    const start = word.indexOf('//')
    const end = word.lastIndexOf('@')
    if (start === -1 || end < start + 2) return word
    return `${word.slice(0, start)}//…${word.slice(end)}`
  })
