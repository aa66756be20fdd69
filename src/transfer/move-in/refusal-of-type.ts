/**
 * Why a file is not added, by the type that a program says of it. A file of no certain type is tried.
 * @param type such as `application/pdf`
 */
export function refusalOfType(type: string | null | undefined): string | undefined {
  if (!type || type === 'application/octet-stream' || type.startsWith('image/')) return undefined
  return `The file is no image, but of the type ${type}.`
}
