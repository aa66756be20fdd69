import { Button, Center, Loader, Stack, Text } from '@mantine/core'
import { useEffect, useState } from 'react'
import { useMessages } from './messages/messages'

/** Nothing is shown for a shorter wait: it would only flash. */
const SHORT_MS = 400
/** After this time the page says that something may be wrong. */
const LONG_MS = 8000

export type Waiting = 'no' | 'short' | 'long'

/**
 * How long the page has waited for something.
 * @param what identifies what it waits for; undefined while it waits for nothing
 */
export function useWaiting(what: string | undefined): Waiting {
  const [waiting, setWaiting] = useState<Waiting>('no')
  useEffect(() => {
    setWaiting('no')
    if (what === undefined) return
    const timers = [
      setTimeout(() => setWaiting('short'), SHORT_MS),
      setTimeout(() => setWaiting('long'), LONG_MS),
    ]
    return () => {
      for (const timer of timers) clearTimeout(timer)
    }
  }, [what])
  return waiting
}

/** A loading screen. After `LONG_MS` it offers a button to retry. */
export function WaitingScreen({ onRetry }: { onRetry: () => void }) {
  const { t } = useMessages()
  const waiting = useWaiting('first')
  return (
    <Center h="100%" p="md">
      <Stack align="center" role="status">
        {waiting !== 'no' && <Loader aria-label={t.loading} />}
        {waiting === 'long' && (
          <>
            <Text ta="center">{t.slow}</Text>
            <Button variant="default" onClick={onRetry}>
              {t.tryAgain}
            </Button>
          </>
        )}
      </Stack>
    </Center>
  )
}
