import { Alert, Button, Group, Text } from '@mantine/core'
import { useMessages } from '../messages/messages'
import type { Hold } from './holds'
import { type Uploads, useQueueView, useUploadSummary } from './uploads'

/** Explains why uploads are on hold, with a button to continue. */
export function HoldNotice({ uploads }: { uploads: Uploads }) {
  const { t } = useMessages()
  const { hold } = useQueueView(uploads)
  const { waiting } = useUploadSummary(uploads)
  const texts: Record<Hold, string> = {
    session: t.heldBySession,
    offline: t.heldByOffline,
    unreachable: t.heldByServer,
    busy: t.heldByBusy,
    paused: t.heldByPause,
  }
  // The live region must exist before its text, or screen readers would not announce it.
  return (
    <div role="status">
      {hold && waiting > 0 && (
        <Alert mt="xs" p="xs" color={hold === 'paused' ? 'glass' : 'yellow'}>
          <Group gap="xs" justify="space-between">
            <Text size="sm">{texts[hold]}</Text>
            {hold === 'paused' && (
              <Button size="compact-sm" onClick={uploads.start}>
                {t.startUploads(waiting)}
              </Button>
            )}
            {(hold === 'unreachable' || hold === 'busy') && (
              <Button size="compact-sm" variant="default" onClick={uploads.tryNow}>
                {t.tryAgain}
              </Button>
            )}
          </Group>
        </Alert>
      )}
    </div>
  )
}
