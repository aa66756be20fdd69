import { Button, Paper, Text } from '@mantine/core'
import { ApiError } from '../api/client'
import { useMessages } from '../messages/messages'
import { useOffline } from '../use-offline'
import { useWaiting } from '../waiting'
import classes from './grid.module.css'
import { type useItems, useRetry } from './queries'

/** A banner over the grid while some images are missing, or may be out of date. */
export function GridBanner({ trouble }: { trouble: ReturnType<typeof useItems>['trouble'] }) {
  const { t } = useMessages()
  const { error, isRetrying, waitingFor } = trouble
  const retry = useRetry()
  const isOffline = useOffline()
  const waiting = useWaiting(waitingFor?.toString())
  // After a 401, the sign-in form covers the page.
  const isSignedOut = error instanceof ApiError && error.status === 401

  const text =
    error && !isSignedOut
      ? explain(isOffline, error, t)
      : isOffline
        ? t.offline
        : waiting === 'long'
          ? t.slow
          : undefined
  return (
    <>
      <div role="status">
        {text && (
          <Paper className={classes.banner} withBorder shadow="md" radius="md">
            <Text size="sm">{text}</Text>
            {(error || waiting === 'long') && (
              <Button size="compact-sm" variant="light" loading={isRetrying} onClick={retry}>
                {t.tryAgain}
              </Button>
            )}
          </Paper>
        )}
      </div>
      {waiting !== 'no' && <div className={classes.progress} data-testid="progress" />}
    </>
  )
}

function explain(isOffline: boolean, error: Error, t: ReturnType<typeof useMessages>['t']): string {
  if (isOffline) return t.notLoadedOffline
  return error instanceof ApiError ? t.notLoadedFault : t.notLoadedUnreachable
}
