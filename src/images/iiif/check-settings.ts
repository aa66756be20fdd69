/**
 * Checks the settings of the IIIF Image API. Information about an image names its whole address, and the header `Host`,
 * which a client chooses, must not get into caches.
 *
 * @param values only those that are valid by themselves
 * @returns one line for each fault
 */
export function checkIiif({ iiif, publicUrl }: { iiif?: boolean; publicUrl?: string | undefined }) {
  if (!iiif || publicUrl !== undefined) return []
  return [
    'VITRINE_IIIF is on; VITRINE_PUBLIC_URL must be set too, to the URL under which clients reach the server',
  ]
}
