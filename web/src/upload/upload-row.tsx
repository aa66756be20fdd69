import { Button, Progress, Text, TextInput } from '@mantine/core'
import { memo, useEffect } from 'react'
import { useMessages } from '../messages/messages'
import { Preview } from './preview'
import { isHopeless, isRunning, nameFromFile, type Upload } from './upload'
import classes from './upload.module.css'
import { UploadStatus } from './upload-status'
import { type Uploads, useUpload } from './uploads'
import { useOpenItem } from './use-open-item'

interface UploadRowProps {
  uploads: Uploads
  id: number
}

/** The row of one file. It is rendered again only when its upload changes. */
export const UploadRow = memo(({ uploads, id }: UploadRowProps) => {
  const upload = useUpload(uploads, id)
  const { t } = useMessages()
  if (!upload) return null
  const { file, media, name, sent, state } = upload
  return (
    <div className={classes.row}>
      <Preview file={file} url={media?.urls.scaled} />
      <div className={classes.words}>
        <UploadName uploads={uploads} upload={upload} />
        {upload.tags.length > 0 && (
          <Text size="xs" c="dimmed" truncate title={t.tags}>
            {upload.tags.join(', ')}
          </Text>
        )}
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

/** The name. It can be edited until the file is sent. */
function UploadName({ uploads, upload }: PartProps) {
  if (isRunning(upload) || upload.state === 'added') {
    return (
      <Text size="sm" truncate title={upload.name}>
        {upload.name}
      </Text>
    )
  }
  return <NameInput uploads={uploads} upload={upload} />
}

function NameInput({ uploads, upload: { id, file, name } }: PartProps) {
  const { t } = useMessages()
  // An input that is removed while it has the focus fires no blur event.
  useEffect(() => () => uploads.endEdit(id), [uploads, id])
  return (
    <TextInput
      size="xs"
      aria-label={`${t.name}: ${file.name}`}
      value={name}
      maxLength={255}
      onChange={(event) => uploads.rename(id, event.currentTarget.value)}
      onFocus={() => uploads.edit(id)}
      onBlur={() => {
        if (name.trim() === '') uploads.rename(id, nameFromFile(file.name))
        uploads.endEdit(id)
      }}
      onKeyDown={(event) => event.key === 'Enter' && event.currentTarget.blur()}
    />
  )
}

/** One button for all states of an upload, so that it keeps the focus. */
function UploadAction({ uploads, upload }: PartProps) {
  const { id, name, state, media } = upload
  const { t } = useMessages()
  const openItem = useOpenItem()
  const [label, act] = media
    ? [t.openUpload, () => openItem(media.id)]
    : isHopeless(upload)
      ? [t.dismiss, () => uploads.dismiss(id)]
      : state === 'failed' || state === 'canceled'
        ? [t.retry, () => uploads.retry(id)]
        : [t.cancel, () => uploads.cancel(id)]
  return (
    <Button
      className={classes.action}
      size="compact-sm"
      variant="default"
      aria-label={`${label}: ${name}`}
      onClick={act}
    >
      {label}
    </Button>
  )
}
