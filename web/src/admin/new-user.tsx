import { NativeSelect, TextInput } from '@mantine/core'
import { useState } from 'react'
import { useChange } from '../account/queries'
import { api, call } from '../api/client'
import { useAccountMessages } from '../messages/accounts'
import { useMessages } from '../messages/messages'
import { FormDialog } from './form-dialog'
import { NewPasswordField } from './new-password-field'

interface NewUserProps {
  /** Names of all roles, the one with the fewest permissions first. */
  roles: readonly string[]
  onClose: () => void
}

export function NewUser({ roles, onClose }: NewUserProps) {
  const words = useAccountMessages()
  const { t } = useMessages()
  const [username, setUsername] = useState('')
  const [password, setPassword] = useState('')
  const [role, setRole] = useState(roles[0] ?? '')
  const { mutate, isPending, error } = useChange({
    isForm: true,
    change: () => call(api.POST('/users', { body: { username, password, role } })),
    said: () => words.userAdded(username),
  })
  return (
    <FormDialog
      title={words.newUser}
      submit={words.addUser}
      error={error}
      isPending={isPending}
      onSubmit={() => mutate(undefined, { onSuccess: onClose })}
      onClose={onClose}
    >
      <TextInput
        label={t.username}
        value={username}
        onChange={(event) => setUsername(event.currentTarget.value)}
        maxLength={64}
        autoComplete="off"
        autoCapitalize="none"
        required
        withAsterisk={false}
        data-autofocus
      />
      <NewPasswordField value={password} onChange={setPassword} />
      <NativeSelect
        label={words.role}
        value={role}
        onChange={(event) => setRole(event.currentTarget.value)}
        data={roles.map((name) => ({ value: name, label: words.roles[name] ?? name }))}
      />
    </FormDialog>
  )
}
