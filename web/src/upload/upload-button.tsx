import { Button, FileButton, Text } from '@mantine/core'
import { useRef } from 'react'
import { useMessages } from '../messages/messages'
import { ACCEPTED_FILES } from './file-types'
import { useUploadService } from './use-upload-service'

export const UPLOAD_BUTTON_ID = 'upload'

/** A button that picks files. If this server does not add files, a text says so instead. */
export function UploadButton({ onFiles }: { onFiles: (files: File[]) => void }) {
  const { t } = useMessages()
  const { mayAdd, isServed } = useUploadService()
  const reset = useRef<() => void>(null)
  if (!mayAdd) return null
  if (isServed === false) {
    return (
      <Text c="dimmed" size="sm">
        {t.uploadsElsewhere}
      </Text>
    )
  }
  return (
    <FileButton
      multiple
      accept={ACCEPTED_FILES}
      resetRef={reset}
      onChange={(files) => {
        onFiles(files)
        // Without a reset, the same file could not be picked again.
        reset.current?.()
      }}
    >
      {(props) => (
        <Button id={UPLOAD_BUTTON_ID} {...props}>
          {t.upload}
        </Button>
      )}
    </FileButton>
  )
}
