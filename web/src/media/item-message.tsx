import { Button, Center, Group, Loader, Stack, Text, Title } from '@mantine/core'
import { useEffect, useRef } from 'react'
import { ApiError, type MediaItem } from '../api/client'
import { useMessages } from '../messages/messages'
import classes from './item.module.css'

interface ItemMessageProps {
  isGone: boolean
  error: Error | null
  previous: MediaItem | undefined
  next: MediaItem | undefined
  onRetry: () => void
  onMove: (step: 1 | -1) => void
  onClose: () => void
}

/** Shown in place of an image that is loading, deleted or failed, with buttons to move on. */
export function ItemMessage(props: ItemMessageProps) {
  const { isGone, error, previous, next, onRetry, onMove, onClose } = props
  const { t } = useMessages()
  const back = useRef<HTMLButtonElement>(null)
  useEffect(() => {
    // The focused element may have disappeared with the image.
    const dialog = back.current?.closest('[role=dialog]')
    if (!dialog?.contains(document.activeElement)) back.current?.focus()
  })
  if (!error) {
    return (
      <Center className={classes.message}>
        <Loader aria-label={t.loading} />
      </Center>
    )
  }
  return (
    <Center className={classes.message} p="md">
      <Stack align="center" gap="xs" role="alert">
        <Title order={3} ta="center">
          {isGone ? t.gone : t.notShown}
        </Title>
        <Text c="dimmed" ta="center">
          {isGone ? t.goneHint : error instanceof ApiError ? t.serverFault : t.unreachable}
        </Text>
        <Group justify="center" gap="xs">
          {!isGone && <Button onClick={onRetry}>{t.tryAgain}</Button>}
          <Button ref={back} variant={isGone ? 'filled' : 'default'} onClick={onClose}>
            {t.backToLibrary}
          </Button>
          {previous && (
            <Button variant="default" onClick={() => onMove(-1)}>
              {t.previous}
            </Button>
          )}
          {next && (
            <Button variant="default" onClick={() => onMove(1)}>
              {t.next}
            </Button>
          )}
        </Group>
      </Stack>
    </Center>
  )
}
