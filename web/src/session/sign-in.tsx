import { Alert, Button, Group, Paper, PasswordInput, Stack, TextInput, Title } from '@mantine/core'
import { type FormEvent, useEffect, useId, useRef } from 'react'
import { at } from '../api/base'
import { ApiError } from '../api/client'
import { LANGUAGES, type Language, useMessages } from '../messages/messages'
import { WaitingScreen } from '../waiting'
import { useSignIn, useSignInPlace } from './session'
import { SignInElsewhere } from './sign-in-elsewhere'

const LANGUAGE_NAMES = Object.entries(LANGUAGES) as [Language, { language: string }][]

/** The sign-in form, or the link to the sign-in page of another service. */
export function SignIn({ notice }: { notice?: string }) {
  const { data: place, refetch } = useSignInPlace()
  if (place === undefined) return <WaitingScreen onRetry={() => refetch()} />
  if (place.external) return <SignInElsewhere url={place.url} notice={notice} />
  return <SignInForm notice={notice} />
}

/** A plain form that password managers recognise. */
function SignInForm({ notice }: { notice?: string | undefined }) {
  const { t } = useMessages()
  const id = useId()
  const { mutate, isPending, error } = useSignIn()
  const first = useRef<HTMLInputElement>(null)
  useEffect(() => first.current?.focus(), [])

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
        {notice && <Alert color="glass">{notice}</Alert>}
        {error && (
          <Alert color="red" role="alert">
            {explain(error, t)}
          </Alert>
        )}
        <TextInput
          ref={first}
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
    <Stack component="main" align="center" justify="center" h="100%" p="md">
      <Paper withBorder shadow="sm" p="xl" radius="md" w="100%" maw={400}>
        <Group gap="sm" mb="lg">
          <img src={at('/favicon.svg')} alt="" width={36} height={36} />
          <Title order={1} size="h2">
            Vitrine
          </Title>
        </Group>
        <SignIn />
      </Paper>
      <LanguageSwitch />
    </Stack>
  )
}

/** Changes the language before the sign-in, for a user in another person's browser. */
function LanguageSwitch() {
  const { t, language, choose } = useMessages()
  return (
    <Group gap="xs" role="group" aria-label={t.chooseLanguage}>
      {LANGUAGE_NAMES.map(([name, { language: label }]) => (
        <Button
          key={name}
          lang={name}
          size="compact-sm"
          variant={name === language ? 'light' : 'subtle'}
          aria-pressed={name === language}
          onClick={() => choose(name)}
        >
          {label}
        </Button>
      ))}
    </Group>
  )
}

function explain(error: Error, t: ReturnType<typeof useMessages>['t']): string {
  if (!(error instanceof ApiError)) return t.unreachable
  if (error.status === 429) return t.tooManyAttempts
  return error.status < 500 ? t.invalidCredentials : t.serverFault
}
