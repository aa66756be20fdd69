import { useEffect, useRef, useState } from 'react'

/** Time without a `dragover` event after which a drag has ended. Browsers send them more often. */
const GONE_MS = 600

/**
 * Accepts files that are dropped anywhere on the page or pasted into it.
 * @param onFiles must read the data before its first `await`: the browser clears it after the event
 * @returns whether files are being dragged over the page
 */
export function useFileDrop(onFiles: (data: DataTransfer, isPaste: boolean) => void): boolean {
  const [isOver, setIsOver] = useState(false)
  const latest = useRef(onFiles)
  useEffect(() => {
    latest.current = onFiles
  })

  useEffect(() => {
    const listeners = new AbortController()
    const options = { signal: listeners.signal }
    let timer: ReturnType<typeof setTimeout> | undefined
    let isOwn = false
    const hide = () => {
      clearTimeout(timer)
      setIsOver(false)
    }
    const hasFiles = ({ dataTransfer }: DragEvent) =>
      !isOwn && dataTransfer !== null && dataTransfer.types.includes('Files')

    // A dragged image of the page itself counts as a file, but must not be uploaded.
    addEventListener('dragstart', () => (isOwn = true), options)
    addEventListener('dragend', () => (isOwn = false), options)
    for (const name of ['dragenter', 'dragover'] as const) {
      addEventListener(
        name,
        (event) => {
          if (!hasFiles(event)) return
          event.preventDefault()
          if (event.dataTransfer) event.dataTransfer.dropEffect = 'copy'
          setIsOver(true)
          // No event reports a drag that ends outside of the window.
          clearTimeout(timer)
          timer = setTimeout(hide, GONE_MS)
        },
        options,
      )
    }
    addEventListener('dragleave', (event) => event.relatedTarget === null && hide(), options)
    addEventListener(
      'drop',
      (event) => {
        if (!hasFiles(event) || !event.dataTransfer) return
        event.preventDefault()
        hide()
        latest.current(event.dataTransfer, false)
      },
      options,
    )
    addEventListener(
      'paste',
      ({ clipboardData, target }) => {
        if (!clipboardData?.types.includes('Files')) return
        // Office programs copy text together with a picture of it. In a text field, the text is meant.
        const isTyping = target instanceof Element && target.matches('input, textarea')
        if (isTyping && clipboardData.types.includes('text/plain')) return
        latest.current(clipboardData, true)
      },
      options,
    )
    return () => {
      clearTimeout(timer)
      listeners.abort()
    }
  }, [])
  return isOver
}
