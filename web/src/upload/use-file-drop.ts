import { useEffect, useRef, useState } from 'react'

/** Time without a `dragover` event after which a drag has ended. Browsers send them more often. */
const GONE_MS = 600

/**
 * Accepts files that are dropped anywhere on the page or pasted into it.
 * @param onFiles must read the data before its first `await`: the browser clears it after the event
 * @param onText takes text that is pasted where no text can be written
 * @returns whether files are being dragged over the page
 */
export function useFileDrop(
  onFiles: (data: DataTransfer, isPaste: boolean) => void,
  onText: (text: string) => void,
): boolean {
  const [isOver, setIsOver] = useState(false)
  const latest = useRef({ onFiles, onText })
  useEffect(() => {
    latest.current = { onFiles, onText }
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
        latest.current.onFiles(event.dataTransfer, false)
      },
      options,
    )
    addEventListener(
      'paste',
      ({ clipboardData, target }) => {
        if (!clipboardData) return
        const hasText = clipboardData.types.includes('text/plain')
        // Office programs copy text together with a picture of it. In a text field, the text is meant.
        const isTyping = target instanceof Element && target.matches('input, textarea')
        if (isTyping && hasText) return
        if (clipboardData.types.includes('Files')) latest.current.onFiles(clipboardData, true)
        else if (hasText) latest.current.onText(clipboardData.getData('text/plain'))
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
