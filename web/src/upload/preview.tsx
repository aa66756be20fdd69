import { useEffect, useState } from 'react'
import classes from './upload.module.css'

/** Maximum size of a file to preview: a larger one would take too much memory for a thumbnail. */
const MAX_BYTES = 20 * 1024 * 1024

/** Delay before a preview is decoded, so that rows that are scrolled past cost nothing. */
const SETTLED_MS = 150

/** Shows the local file, then the small image of the library once that exists. */
export function Preview({ file, url }: { file: File; url: string | undefined }) {
  const [local, setLocal] = useState<string>()
  const isNeeded = url === undefined && file.type.startsWith('image/') && file.size <= MAX_BYTES
  useEffect(() => {
    if (!isNeeded) return
    let made: string | undefined
    const timer = setTimeout(() => {
      made = URL.createObjectURL(file)
      setLocal(made)
    }, SETTLED_MS)
    return () => {
      clearTimeout(timer)
      if (made) URL.revokeObjectURL(made)
      setLocal(undefined)
    }
  }, [file, isNeeded])
  const source = url ?? local
  return (
    <span className={classes.preview}>
      {source && (
        <img
          src={source}
          alt=""
          decoding="async"
          // Adds a checkerboard behind the image, which an opaque one covers.
          data-transparent
          draggable={false}
          onError={() => setLocal(undefined)}
        />
      )}
    </span>
  )
}
