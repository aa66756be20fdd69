import { Button, Group, NativeSelect, Stack, Text, Title } from '@mantine/core'
import { useEffect, useRef, useState } from 'react'
import { Loaded } from '../account/data-table'
import { useChange, useUsers } from '../account/queries'
import { Sessions } from '../account/sessions'
import { Tokens } from '../account/tokens'
import { useQuestion } from '../account/use-question'
import { api, call } from '../api/client'
import { useAccountMessages } from '../messages/accounts'
import { useSession } from '../session/session'
import { NewPassword } from './new-password'

interface UserDetailsProps {
  id: number
  onBack: () => void
}

/** One account, and what an administrator can do with it. */
export function UserDetails({ id, onBack }: UserDetailsProps) {
  const words = useAccountMessages()
  const users = useUsers()
  return (
    <>
      <Button variant="default" size="compact-sm" mb="md" onClick={onBack}>
        ← {words.allUsers}
      </Button>
      <Loaded query={users}>
        {({ users: list, roles }) => {
          const user = list.find((other) => other.id === id)
          if (!user) return <Text role="status">{words.noUser}</Text>
          return (
            <>
              <UserActions user={user} roles={roles.map(({ name }) => name)} onGone={onBack} />
              <Sessions owner={id} />
              <Tokens owner={id} />
            </>
          )
        }}
      </Loaded>
    </>
  )
}

interface UserActionsProps {
  user: { id: number; username: string; roles: string[]; disabled: boolean }
  roles: readonly string[]
  onGone: () => void
}

function UserActions({ user, roles, onGone }: UserActionsProps) {
  const { id, username, disabled } = user
  const words = useAccountMessages()
  const ask = useQuestion()
  const { data: self } = useSession()
  const [isResetting, setIsResetting] = useState(false)
  const heading = useRef<HTMLHeadingElement>(null)
  // The button that led here has disappeared, and the focus with it.
  useEffect(() => heading.current?.focus({ preventScroll: true }), [])

  const path = { path: { id } }
  const { mutate: setRole } = useChange({
    change: (role: string) => call(api.POST('/users/{id}/role', { params: path, body: { role } })),
    said: () => words.roleChanged,
  })
  const { mutate: setDisabled } = useChange({
    change: (isDisabled: boolean) =>
      call(api.POST('/users/{id}/disabled', { params: path, body: { disabled: isDisabled } })),
    said: (isDisabled) => (isDisabled ? words.userDisabled : words.userEnabled),
  })
  const { mutate: remove } = useChange({
    change: () => call(api.DELETE('/users/{id}', { params: path })),
    said: () => words.userRemoved(username),
  })

  const chooseRole = (role: string) => {
    if (username !== self?.username) return setRole(role)
    ask({
      title: words.role,
      text: words.ownRoleQuestion,
      confirm: words.roles[role] ?? role,
      onConfirm: () => setRole(role),
    })
  }
  const askDisable = () =>
    ask({
      title: words.disableNamed(username),
      text: words.disableQuestion,
      confirm: words.disable,
      onConfirm: () => setDisabled(true),
    })
  const askRemove = () =>
    ask({
      title: words.removeNamed(username),
      text: words.removeQuestion,
      confirm: words.removeUser,
      onConfirm: () => remove(undefined, { onSuccess: onGone }),
    })
  return (
    <Stack mb="xl">
      <Title order={3} ref={heading} tabIndex={-1}>
        {username}
      </Title>
      <Group align="flex-end" gap="xs">
        <NativeSelect
          label={words.role}
          value={user.roles[0] ?? ''}
          onChange={(event) => chooseRole(event.currentTarget.value)}
          data={roles.map((name) => ({ value: name, label: words.roles[name] ?? name }))}
        />
        <Button variant="default" onClick={() => setIsResetting(true)}>
          {words.resetPassword}
        </Button>
        <Button variant="default" onClick={disabled ? () => setDisabled(false) : askDisable}>
          {disabled ? words.enable : words.disable}
        </Button>
        <Button color="red" variant="light" onClick={askRemove}>
          {words.removeUser}
        </Button>
      </Group>
      <Text size="sm" c="dimmed" role="status">
        {words.status}: {disabled ? words.disabled : words.enabled}
      </Text>
      {isResetting && <NewPassword id={id} onClose={() => setIsResetting(false)} />}
    </Stack>
  )
}
