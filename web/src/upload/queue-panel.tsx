import { Button, CloseButton, Group, Paper, Switch, Text } from '@mantine/core'
import { useEffect, useId, useRef, useState } from 'react'
import { TagsField } from '../media/tags-field'
import { useMessages } from '../messages/messages'
import { HoldNotice } from './hold-notice'
import { QueueList } from './queue-list'
import { QueueSummary } from './queue-summary'
import classes from './upload.module.css'
import { UPLOAD_BUTTON_ID } from './upload-button'
import { chooseAutomatic, type Uploads, useQueueView, useUploadSummary } from './uploads'
import { useKeptFocus } from './use-kept-focus'

/** The panel of the upload queue, in a lower corner of the page. */
export default function QueuePanel({ uploads }: { uploads: Uploads }) {
  const { t } = useMessages()
  const id = useId()
  const panel = useRef<HTMLElement>(null)
  const { waiting, running, failed, duplicates, total } = useUploadSummary(uploads)
  const isOver = waiting + running === 0
  const isWell = isOver && failed + duplicates === 0
  const { isOpen, setIsOpen, handlers } = useOpen(isWell, total)
  useKeptFocus(panel)

  const clear = (remove: () => void) => {
    remove()
    // The focused button disappears together with the list.
    const isGone = uploads.store.getIds().length === 0
    if (isGone) document.getElementById(UPLOAD_BUTTON_ID)?.focus()
  }
  return (
    <Paper
      component="section"
      ref={panel}
      tabIndex={-1}
      aria-label={t.uploads}
      className={classes.panel}
      data-closed={!isOpen || undefined}
      {...handlers}
      withBorder
      shadow="md"
      p="sm"
    >
      <Group justify="space-between" wrap="nowrap" gap="xs">
        <Text fw={600}>{t.uploads}</Text>
        <Group gap={4} wrap="nowrap">
          <Button
            size="compact-sm"
            variant="subtle"
            aria-expanded={isOpen}
            aria-controls={id}
            onClick={() => setIsOpen(!isOpen)}
          >
            {isOpen ? t.collapse : t.expand}
          </Button>
          {isOver && (
            <CloseButton aria-label={t.closeUploads} onClick={() => clear(uploads.clearOver)} />
          )}
        </Group>
      </Group>
      <QueueSummary uploads={uploads} />
      <HoldNotice uploads={uploads} />
      <div id={id} hidden={!isOpen}>
        {isOpen && (
          <>
            <BatchSettings uploads={uploads} />
            <QueueList uploads={uploads} />
            <QueueActions uploads={uploads} onClear={() => clear(uploads.clearFinished)} />
          </>
        )}
      </div>
    </Paper>
  )
}

/** Time after which the panel collapses when all uploads have succeeded. */
const CLOSES_AFTER_MS = 10_000

/**
 * Whether the panel is expanded. It collapses by itself after all uploads have succeeded, and expands again
 * when that changes.
 */
function useOpen(isWell: boolean, total: number) {
  const [isOpen, setIsOpen] = useState(true)
  const [isInUse, setIsInUse] = useState(false)
  const wentByItself = useRef(false)
  // biome-ignore lint/correctness/useExhaustiveDependencies: more files restart the timer
  useEffect(() => {
    if (!isWell) {
      if (wentByItself.current) setIsOpen(true)
      wentByItself.current = false
      return
    }
    if (isInUse) return
    const timer = setTimeout(() => {
      wentByItself.current = true
      setIsOpen(false)
    }, CLOSES_AFTER_MS)
    return () => clearTimeout(timer)
  }, [isWell, isInUse, total])
  const handlers = {
    onPointerEnter: () => setIsInUse(true),
    onPointerLeave: () => setIsInUse(false),
    onFocus: () => setIsInUse(true),
    onBlur: () => setIsInUse(false),
  }
  return { isOpen, setIsOpen, handlers }
}

function BatchSettings({ uploads }: { uploads: Uploads }) {
  const { t } = useMessages()
  const { tags, isAutomatic } = useQueueView(uploads)
  return (
    <>
      <TagsField
        size="xs"
        mt="xs"
        label={t.tagsForAll}
        description={t.tagsForAllHint}
        value={[...tags]}
        onChange={uploads.setTags}
        acceptValueOnBlur
      />
      <Switch
        size="xs"
        my="xs"
        label={t.uploadAtOnce}
        checked={isAutomatic}
        onChange={(event) => chooseAutomatic(uploads, event.currentTarget.checked)}
      />
    </>
  )
}

function QueueActions({ uploads, onClear }: { uploads: Uploads; onClear: () => void }) {
  const { t } = useMessages()
  const { waiting, running, added, canceled, failed, hopeless } = useUploadSummary(uploads)
  const isOver = waiting + running === 0
  return (
    <Group gap="xs" mt="xs">
      {failed > hopeless && (
        <Button size="compact-sm" variant="light" onClick={uploads.retryAll}>
          {t.retryAll}
        </Button>
      )}
      {added + canceled + hopeless > 0 && (
        <Button size="compact-sm" variant="default" onClick={onClear}>
          {t.clearDone}
        </Button>
      )}
      {!isOver && (
        <Button size="compact-sm" variant="default" ml="auto" onClick={uploads.cancelAll}>
          {t.cancelAll}
        </Button>
      )}
    </Group>
  )
}
