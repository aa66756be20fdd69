import { Button, Group, Progress, Stack, Table, Text } from '@mantine/core'
import { useEffect, useRef, useState } from 'react'
import { useMessages } from '../messages/messages'
import type { BulkFailure } from './bulk'
import classes from './selection.module.css'

interface ProgressNoticeProps {
  text: string
  done: number
  total: number
  onStop: () => void
}

export function ProgressNotice({ text, done, total, onStop }: ProgressNoticeProps) {
  const { t } = useMessages()
  return (
    <Stack gap="xs">
      <Group justify="space-between" wrap="nowrap">
        <Text size="sm">{text}</Text>
        <Button size="compact-sm" variant="default" onClick={onStop}>
          {t.stop}
        </Button>
      </Group>
      <Progress value={total > 0 ? (100 * done) / total : 0} size="sm" aria-label={text} />
    </Stack>
  )
}

interface UndoNoticeProps {
  /** Id of its element in the document. */
  id: string
  /** The pending deletion in words. */
  text: string
  /** Time to undo, in milliseconds from the first rendering. */
  lasts: number
  onUndo: () => void
}

/** Takes the focus from the deleted images, so that Enter undoes the deletion. */
export function UndoNotice({ id, text, lasts, onUndo }: UndoNoticeProps) {
  const { t } = useMessages()
  const [left, setLeft] = useState(lasts / 1000)
  const button = useRef<HTMLButtonElement>(null)
  useEffect(() => {
    const end = Date.now() + lasts
    const timer = setInterval(() => setLeft(Math.ceil((end - Date.now()) / 1000)), 250)
    // Later than the dialog, which returns the focus to a button that no longer exists.
    const focus = setTimeout(() => button.current?.focus(), 100)
    return () => {
      clearInterval(timer)
      clearTimeout(focus)
    }
  }, [lasts])
  return (
    <Stack gap="xs" id={id}>
      <Group justify="space-between" wrap="nowrap">
        <Text size="sm">{text}</Text>
        <Button ref={button} className={classes.undo} size="compact-sm" onClick={onUndo}>
          {t.undo}
          <span aria-hidden className={classes.countdown}>
            {Math.max(0, left)}
          </span>
        </Button>
      </Group>
      <Progress value={(100 * left * 1000) / lasts} size="xs" color="red" aria-hidden />
    </Stack>
  )
}

interface ResultNoticeProps {
  lines: string[]
  onUndo?: () => void
  onShowTrash?: () => void
  onDetails?: () => void
  onRetry?: () => void
}

export function ResultNotice(props: ResultNoticeProps) {
  const { lines, onUndo, onShowTrash, onDetails, onRetry } = props
  const { t } = useMessages()
  return (
    <Stack gap="xs">
      {lines.map((line) => (
        <Text key={line} size="sm">
          {line}
        </Text>
      ))}
      {(onUndo || onShowTrash || onDetails || onRetry) && (
        <Group gap="xs">
          {onUndo && (
            <Button size="compact-sm" onClick={onUndo}>
              {t.undo}
            </Button>
          )}
          {onShowTrash && (
            <Button size="compact-sm" variant="default" onClick={onShowTrash}>
              {t.showTrash}
            </Button>
          )}
          {onRetry && (
            <Button size="compact-sm" onClick={onRetry}>
              {t.tryAgain}
            </Button>
          )}
          {onDetails && (
            <Button size="compact-sm" variant="default" onClick={onDetails}>
              {t.details}
            </Button>
          )}
        </Group>
      )}
    </Stack>
  )
}

/** The names of the images that failed, each with the reason. */
export function FailureList({ failed, failures }: { failed: BulkFailure[]; failures: number }) {
  const { t } = useMessages()
  const more = failures - failed.length
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable element must be reachable by keyboard
    <section className={classes.failures} tabIndex={0} aria-label={t.details}>
      <Table>
        <Table.Thead>
          <Table.Tr>
            <Table.Th scope="col">{t.name}</Table.Th>
            <Table.Th scope="col">{t.reason}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {failed.map(({ id, name, reason }) => (
            <Table.Tr key={id}>
              <Table.Td>{name || t.itemNumber(id)}</Table.Td>
              <Table.Td>{reason}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      {more > 0 && <Text size="sm">{t.moreFailed(more)}</Text>}
    </section>
  )
}
