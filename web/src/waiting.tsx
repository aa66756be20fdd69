import { Button, Center, Loader, Stack, Text } from '@mantine/core'
import { useEffect, useState } from 'react'
import { useMessages } from './messages/messages'

/** Less is not noticed: nothing is shown that would be gone at once. */
const SHORT_MS = 400
/** From here on it is said that something may be wrong. */
const LONG_MS = 8000

export type Waiting = 'no' | 'short' | 'long'

/**
 * How long something has been waited for.
 * @param what identifies it; undefined for nothing
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

/** A screen that waits for its first answer, and offers a way on when that does not come. */
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
