import { Anchor, Text } from '@mantine/core'
import { useMessages } from '../messages/messages'
import type { Failure, Upload } from './upload'
import classes from './upload.module.css'
import { useOpenItem } from './use-open-item'

/** The state of an upload as text. */
export function UploadStatus({ upload }: { upload: Upload }) {
  const { t } = useMessages()
  const openItem = useOpenItem()
  const { state, sent, file, link, failure, duplicateOf } = upload
  if (state === 'failed') {
    return (
      <Text size="xs" className={classes.failure}>
        {explain(failure, t)}
      </Text>
    )
  }
  if (state === 'added' && duplicateOf !== undefined) {
    return (
      <Text size="xs" c="dimmed">
        {t.alreadyThere}{' '}
        <Anchor component="button" inherit onClick={() => openItem(duplicateOf)}>
          {t.showEarlier}
        </Anchor>
      </Text>
    )
  }
  const words: Record<Exclude<Upload['state'], 'failed'>, string> = {
    waiting: t.waiting,
    sending: link
      ? t.fetching
      : t.uploading(file.size > 0 ? Math.floor((100 * sent) / file.size) : 0),
    processing: link ? t.fetching : t.processing,
    added: t.uploaded,
    canceled: t.canceled,
  }
  return (
    <Text size="xs" c="dimmed">
      {words[state]}
    </Text>
  )
}

function explain(failure: Failure | undefined, t: ReturnType<typeof useMessages>['t']): string {
  if (failure?.kind === 'refused') return failure.detail
  if (failure?.kind === 'empty') return t.emptyFile
  if (failure?.kind === 'unreadable') return t.unreadable
  if (failure?.kind === 'too-large') return t.tooLarge
  if (failure?.kind === 'unreachable') return t.unreachable
  return t.serverFault
}
