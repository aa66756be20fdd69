/** Copies text to the clipboard. @returns whether the browser allowed it */
export async function copyText(text: string): Promise<boolean> {
  try {
    // `navigator.clipboard` is undefined on a page without TLS.
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    return false
  }
}
