/** Maximum number of links of one paste. */
const MAX_LINKS = 100

/** The links of a text that holds nothing else, one or several. Otherwise none: the text was meant for something else. */
export function findLinks(text: string): URL[] {
  const words = text.split(/\s+/).filter(Boolean)
  const links = words.map((word) => (/^https?:\/\//i.test(word) ? URL.parse(word) : null))
  const found = links.filter((link) => link !== null)
  return found.length === words.length && found.length <= MAX_LINKS ? found : []
}

/** An empty file with the name of a linked file. It stands for the file in the upload queue. */
export function fileOfLink({ hostname, pathname }: URL): File {
  const last = pathname.slice(pathname.lastIndexOf('/') + 1)
  return new File([], decode(last) || hostname)
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
