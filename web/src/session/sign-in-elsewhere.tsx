import { Alert, Button, Stack, Text, Title } from '@mantine/core'
import { useWindowEvent } from '@mantine/hooks'
import { useId } from 'react'
import { ApiError } from '../api/client'
import { useMessages } from '../messages/messages'
import { useSignInCheck } from './session'

interface SignInElsewhereProps {
  /** Where, if that is known. */
  url: string | null
  /** Why, if the page is open already; then it stays as it is. */
  notice?: string | undefined
}

/** Where another service signs people in: the way there, and on from here once that is done. */
export function SignInElsewhere({ url, notice }: SignInElsewhereProps) {
  const { t } = useMessages()
  const id = useId()
  const { mutate: check, isPending, error } = useSignInCheck()
  useWindowEvent('focus', () => check())
  return (
    <Stack component="section" aria-labelledby={id}>
      <Title order={2} id={id} size="h3">
        {t.signIn}
      </Title>
      {notice && <Alert color="blue">{notice}</Alert>}
      <Text>{t.signInElsewhere}</Text>
      {error && (
        <Alert color="red" role="alert">
          {explain(error, t)}
        </Alert>
      )}
      {url !== null && (
        <Button
          component="a"
          href={url}
          {...(notice && { target: '_blank', rel: 'noopener' })}
          data-autofocus
        >
          {t.goToSignIn}
        </Button>
      )}
      <Button
        variant={url === null ? 'filled' : 'default'}
        loading={isPending}
        onClick={() => check()}
      >
        {t.signedInNow}
      </Button>
    </Stack>
  )
}

function explain(error: Error, t: ReturnType<typeof useMessages>['t']): string {
  if (!(error instanceof ApiError)) return t.unreachable
  return error.status < 500 ? t.notSignedInYet : t.serverFault
}
