import { Alert, Button, Center, Paper, PasswordInput, Stack, TextInput, Title } from '@mantine/core'
import { type FormEvent, useId } from 'react'
import { ApiError } from '../api/client'
import { useMessages } from '../messages/messages'
import { useSignIn } from './session'

/** A plain form, such as password managers know. */
export function SignInForm({ notice }: { notice?: string }) {
  const { t } = useMessages()
  const id = useId()
  const { mutate, isPending, error } = useSignIn()

  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const fields = new FormData(event.currentTarget)
    mutate({
      username: String(fields.get('username')),
      password: String(fields.get('password')),
    })
  }
  return (
    <form onSubmit={submit} aria-labelledby={id}>
      <Stack>
        <Title order={2} id={id} size="h3">
          {t.signIn}
        </Title>
        {notice && <Alert color="blue">{notice}</Alert>}
        {error && (
          <Alert color="red" role="alert">
            {explain(error, t)}
          </Alert>
        )}
        <TextInput
          label={t.username}
          name="username"
          autoComplete="username"
          autoCapitalize="none"
          required
          withAsterisk={false}
          data-autofocus
        />
        <PasswordInput
          label={t.password}
          name="password"
          autoComplete="current-password"
          required
          withAsterisk={false}
        />
        <Button type="submit" loading={isPending}>
          {t.signIn}
        </Button>
      </Stack>
    </form>
  )
}

export function SignInScreen() {
  return (
    <Center component="main" h="100%" p="md">
      <Paper withBorder shadow="sm" p="xl" radius="md" w="100%" maw={400}>
        <Title order={1} size="h2" mb="md">
          Vitrine
        </Title>
        <SignInForm />
      </Paper>
    </Center>
  )
}

function explain(error: Error, t: ReturnType<typeof useMessages>['t']): string {
  if (!(error instanceof ApiError)) return t.unreachable
  if (error.status === 429) return t.tooManyAttempts
  return error.status < 500 ? t.invalidCredentials : t.serverFault
}
