import { useEffect, useRef, useState } from 'react'

/** Longer than browsers pause between two `dragover`. */
const GONE_MS = 600

/**
 * Takes files that are dropped anywhere on the page or pasted into it.
 * @param onFiles has the data only until it first waits for something
 * @returns whether some are being held over the page
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

    // An image of the page itself that is dragged counts as a file, but is none to add.
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
          // The end of a drag outside of the window is told nowhere.
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
        // Office programs put a picture beside the text that is meant.
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
