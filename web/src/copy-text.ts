/** @returns whether the browser let it happen */
export async function copyText(text: string): Promise<boolean> {
  try {
    // Not there at all on a page that came without TLS.
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    return false
  }
}
