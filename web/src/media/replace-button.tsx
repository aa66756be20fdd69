import { Button, type ButtonProps, FileButton } from '@mantine/core'
import { useRef } from 'react'
import type { MediaItem } from '../api/client'
import { useToolMessages } from '../messages/tools'
import { useFileService } from '../session/session'
import { ACCEPTED_FILES } from '../upload/file-types'
import { useReplace } from './use-versions'

interface ReplaceButtonProps {
  look: ButtonProps
  item: MediaItem
  /** Runs an action that would lose unsaved changes, after a question if there are any. */
  leave: (act: () => void) => void
}

/** Gives an image another file, which becomes its newest version. Absent where the server takes no files. */
export function ReplaceButton({ look, item, leave }: ReplaceButtonProps) {
  const m = useToolMessages()
  const isServed = useFileService() === true
  const { mutate: replace, isPending } = useReplace(item)
  const reset = useRef<() => void>(null)
  if (!isServed) return null
  return (
    <FileButton
      accept={ACCEPTED_FILES}
      resetRef={reset}
      onChange={(file) => {
        // Without a reset, the same file could not be picked again.
        reset.current?.()
        if (file) leave(() => replace(file))
      }}
    >
      {(props) => (
        <Button {...look} {...props} loading={isPending}>
          {m.replace}
        </Button>
      )}
    </FileButton>
  )
}
