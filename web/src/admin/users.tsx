import { Badge, Button, Group } from '@mantine/core'
import { useState } from 'react'
import { DataTable, Loaded } from '../account/data-table'
import { useUsers } from '../account/queries'
import { Section } from '../account/section'
import { Time } from '../account/time'
import { useAccountMessages } from '../messages/accounts'
import { useMessages } from '../messages/messages'
import { useSession } from '../session/session'
import { NewUser } from './new-user'

/** The list of all accounts. */
export function Users({ onChoose }: { onChoose: (id: number) => void }) {
  const words = useAccountMessages()
  const { t } = useMessages()
  const { data: self } = useSession()
  const users = useUsers()
  const [isAdding, setIsAdding] = useState(false)
  return (
    <Section
      title={t.users}
      actions={users.data && <Button onClick={() => setIsAdding(true)}>{words.newUser}</Button>}
    >
      <Loaded query={users}>
        {({ users: list, roles }) => (
          <>
            <DataTable
              label={t.users}
              columns={[
                t.username,
                words.role,
                words.status,
                words.lastUsed,
                words.created,
                words.actions,
              ]}
              rows={list.map((user) => ({
                key: user.id,
                cells: [
                  <Group key="name" gap="xs">
                    {user.username}
                    {user.username === self?.username && <Badge variant="light">{words.you}</Badge>}
                  </Group>,
                  user.roles.map((role) => words.roles[role] ?? role).join(', '),
                  user.disabled ? (
                    <Badge key="status" color="gray" variant="light">
                      {words.disabled}
                    </Badge>
                  ) : (
                    words.enabled
                  ),
                  <Time key="used" at={user.lastUsed} />,
                  <Time key="created" at={user.created} isDay />,
                  <Button
                    key="manage"
                    size="compact-sm"
                    variant="default"
                    aria-label={words.manageNamed(user.username)}
                    onClick={() => onChoose(user.id)}
                  >
                    {words.manage}
                  </Button>,
                ],
              }))}
            />
            {isAdding && (
              <NewUser roles={roles.map(({ name }) => name)} onClose={() => setIsAdding(false)} />
            )}
          </>
        )}
      </Loaded>
    </Section>
  )
}
