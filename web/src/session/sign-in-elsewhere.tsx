import { Alert, Button, Stack, Text, Title } from '@mantine/core'
import { useWindowEvent } from '@mantine/hooks'
import { useId } from 'react'
import { ApiError } from '../api/client'
import { useMessages } from '../messages/messages'
import { useSignInCheck } from './session'

interface SignInElsewhereProps {
  /** Address of the sign-in page of the other service; null if not configured. */
  url: string | null
  /** Reason for a sign-in over the open page. The link then opens a new tab, so that the page stays. */
  notice?: string | undefined
}

/** Shown if another service signs users in: a link to it, and a button to continue afterwards. */
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
      {notice && <Alert color="glass">{notice}</Alert>}
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
