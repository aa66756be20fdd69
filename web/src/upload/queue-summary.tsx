import { Progress, Text, VisuallyHidden } from '@mantine/core'
import { useThrottledValue } from '@mantine/hooks'
import { useMessages } from '../messages/messages'
import classes from './upload.module.css'
import { type Uploads, useUploadSummary } from './uploads'

/** Interval at which screen readers announce the progress. */
const SAID_EVERY_MS = 5_000

/** Overall progress. It is shown at each step, and announced to screen readers at intervals. */
export function QueueSummary({ uploads }: { uploads: Uploads }) {
  const { t } = useMessages()
  const { total, canceled, added, failed, bytes, settledBytes } = useUploadSummary(uploads)
  const counts = t.uploadedOf(added, total - canceled)
  const failures = failed > 0 ? t.failures(failed) : ''
  const said = useThrottledValue(`${counts} ${failures}`, SAID_EVERY_MS)
  const percent = bytes > 0 ? Math.floor((100 * settledBytes) / bytes) : 0
  return (
    <>
      <Text size="sm" aria-hidden>
        {counts}{' '}
        {failures && (
          <Text span inherit className={classes.failure}>
            {failures}
          </Text>
        )}
      </Text>
      <VisuallyHidden role="status">{said}</VisuallyHidden>
      <Progress
        mt={4}
        size="sm"
        value={percent}
        aria-label={t.uploads}
        transitionDuration={0}
        color={percent === 100 ? (failed > 0 ? 'red' : 'green') : 'glass'}
      />
    </>
  )
}
