import { Text } from '@mantine/core'
import { useState } from 'react'
import { useChange } from '../account/queries'
import { api, call } from '../api/client'
import { useAccountMessages } from '../messages/accounts'
import { FormDialog } from './form-dialog'
import { NewPasswordField } from './new-password-field'

/** Sets a new password for an account whose user has forgotten the old one. */
export function NewPassword({ id, onClose }: { id: number; onClose: () => void }) {
  const words = useAccountMessages()
  const [password, setPassword] = useState('')
  const { mutate, isPending, error } = useChange({
    isForm: true,
    change: () =>
      call(api.POST('/users/{id}/password', { params: { path: { id } }, body: { password } })),
    said: () => words.passwordChanged,
  })
  return (
    <FormDialog
      title={words.resetPassword}
      submit={words.resetPassword}
      error={error}
      isPending={isPending}
      onSubmit={() => mutate(undefined, { onSuccess: onClose })}
      onClose={onClose}
    >
      <Text size="sm">{words.resetHint}</Text>
      <NewPasswordField value={password} onChange={setPassword} />
    </FormDialog>
  )
}
