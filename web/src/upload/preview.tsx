import { useEffect, useState } from 'react'
import classes from './upload.module.css'

/** Larger ones would cost the browser more memory than a thumbnail is worth. */
const MAX_BYTES = 20 * 1024 * 1024

/** Long enough that rows which are only scrolled past decode nothing. */
const SETTLED_MS = 150

/** The file itself as long as it is shown, and the library's own small image once there is one. */
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
          // What one cannot see through covers it.
          data-transparent
          draggable={false}
          onError={() => setLocal(undefined)}
        />
      )}
    </span>
  )
}
