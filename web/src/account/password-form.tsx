import { Alert, Button, PasswordInput, Stack } from '@mantine/core'
import type { FormEvent } from 'react'
import { ApiError, api, call } from '../api/client'
import { explainRefusal } from '../media/item-edit'
import { useAccountMessages } from '../messages/accounts'
import { useMessages } from '../messages/messages'
import { useSession } from '../session/session'
import { useChange } from './queries'
import { Section } from './section'

/** Changes the user's own password, which requires the current one. */
export function PasswordForm() {
  const words = useAccountMessages()
  const { t } = useMessages()
  const { data: user } = useSession()
  const { mutate, isPending, error } = useChange({
    isForm: true,
    change: (body: { currentPassword: string; password: string }) =>
      call(api.POST('/auth/password', { body })),
    said: () => words.passwordChanged,
  })
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const form = event.currentTarget
    const fields = new FormData(form)
    mutate(
      {
        currentPassword: String(fields.get('current')),
        password: String(fields.get('password')),
      },
      { onSuccess: () => form.reset() },
    )
  }
  const refusal = error && explain(error)

  function explain(refused: Error): string | undefined {
    const status = refused instanceof ApiError ? refused.status : undefined
    if (status === 403) return words.wrongPassword
    return status === 429 ? t.tooManyAttempts : explainRefusal(refused, t)
  }
  return (
    <Section title={words.changePassword} hint={words.changePasswordHint}>
      <form onSubmit={submit}>
        <Stack maw={400}>
          {refusal && (
            <Alert color="red" role="alert">
              {refusal}
            </Alert>
          )}
          {/* Password managers store the new password under this name. */}
          <input type="hidden" name="username" autoComplete="username" value={user?.username} />
          <PasswordInput
            label={words.currentPassword}
            name="current"
            autoComplete="current-password"
            required
            withAsterisk={false}
          />
          <PasswordInput
            label={words.newPassword}
            description={words.passwordRule}
            name="password"
            autoComplete="new-password"
            minLength={8}
            required
            withAsterisk={false}
          />
          <Button type="submit" loading={isPending} w="fit-content">
            {words.changePassword}
          </Button>
        </Stack>
      </form>
    </Section>
  )
}
