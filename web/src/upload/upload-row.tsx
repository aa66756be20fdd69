import { Anchor, Button, Progress, Text, TextInput } from '@mantine/core'
import { memo } from 'react'
import { useMessages } from '../messages/messages'
import { Preview } from './preview'
import { isRunning, nameFromFile, type Upload } from './upload'
import classes from './upload.module.css'
import { UploadStatus } from './upload-status'
import { type Uploads, useUpload } from './uploads'
import { useOpenItem } from './use-open-item'

interface UploadRowProps {
  uploads: Uploads
  id: number
}

/** One file; drawn again only when something about it changes. */
export const UploadRow = memo(({ uploads, id }: UploadRowProps) => {
  const upload = useUpload(uploads, id)
  if (!upload) return null
  const { file, media, name, sent, state } = upload
  return (
    <div className={classes.row}>
      <Preview file={file} url={media?.urls.scaled} />
      <div className={classes.words}>
        <UploadName uploads={uploads} upload={upload} />
        <UploadStatus upload={upload} />
        {isRunning(upload) && (
          <Progress
            size="xs"
            value={file.size > 0 ? Math.floor((100 * sent) / file.size) : 0}
            animated={state === 'processing'}
            transitionDuration={0}
            aria-label={name}
          />
        )}
      </div>
      <UploadAction uploads={uploads} upload={upload} />
    </div>
  )
})

interface PartProps {
  uploads: Uploads
  upload: Upload
}

/** Can be typed until the file leaves; leads to the item, and its name, afterwards. */
function UploadName({ uploads, upload: { id, file, name, state, media } }: PartProps) {
  const { t } = useMessages()
  const openItem = useOpenItem()
  if (media) {
    return (
      <Anchor component="button" size="sm" truncate ta="start" onClick={() => openItem(media.id)}>
        {name}
      </Anchor>
    )
  }
  if (state === 'sending' || state === 'processing') {
    return (
      <Text size="sm" truncate>
        {name}
      </Text>
    )
  }
  return (
    <TextInput
      size="xs"
      aria-label={`${t.name}: ${file.name}`}
      value={name}
      maxLength={255}
      onChange={(event) => uploads.rename(id, event.currentTarget.value)}
      onFocus={() => uploads.setEdited(id)}
      onBlur={() => {
        if (name.trim() === '') uploads.rename(id, nameFromFile(file.name))
        uploads.setEdited(undefined)
      }}
      onKeyDown={(event) => event.key === 'Enter' && event.currentTarget.blur()}
    />
  )
}

/** One button that stays where it is, so that the focus does too. */
function UploadAction({ uploads, upload: { id, name, state } }: PartProps) {
  const { t } = useMessages()
  if (state === 'added') return null
  const isOver = state === 'failed' || state === 'canceled'
  const label = isOver ? t.retry : t.cancel
  return (
    <Button
      size="compact-xs"
      variant="default"
      aria-label={`${label}: ${name}`}
      onClick={() => (isOver ? uploads.retry(id) : uploads.cancel(id))}
    >
      {label}
    </Button>
  )
}
