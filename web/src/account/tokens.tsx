import { Badge, Button, Text } from '@mantine/core'
import { type ReactNode, useState } from 'react'
import { useAccountMessages } from '../messages/accounts'
import { DataTable, Loaded } from './data-table'
import { type Owner, revokeToken, useChange, useTokens } from './queries'
import { Section } from './section'
import { Time } from './time'
import { useQuestion } from './use-question'

interface TokensProps {
  owner: Owner
  /** Only for the user's own tokens: nobody else may learn a token. */
  actions?: ReactNode
}

/** The personal tokens of an account, with buttons to revoke them. */
export function Tokens({ owner, actions }: TokensProps) {
  const words = useAccountMessages()
  const ask = useQuestion()
  const tokens = useTokens(owner)
  const [now] = useState(Date.now)
  const { mutate: revoke } = useChange({
    change: (token: number) => revokeToken(owner, token),
    said: () => words.tokenRevoked,
  })

  return (
    <Section
      title={words.tokens}
      {...(owner === 'own' && { hint: words.tokensHint })}
      actions={actions}
    >
      <Loaded query={tokens}>
        {(list) =>
          list.length === 0 ? (
            <Text size="sm">{words.noTokens}</Text>
          ) : (
            <DataTable
              label={words.tokens}
              columns={[
                words.tokenName,
                words.mayDo,
                words.created,
                words.expires,
                words.lastUsed,
                words.actions,
              ]}
              rows={list.map(({ id, name, permissions, created, expires, lastUsed }) => ({
                key: id,
                cells: [
                  name,
                  permissions.map((permission) => words.permissions[permission]).join(', '),
                  <Time key="created" at={created} isDay />,
                  Date.parse(expires) < now ? (
                    <Badge key="expires" color="gray" variant="light">
                      {words.expired}
                    </Badge>
                  ) : (
                    <Time key="expires" at={expires} isDay />
                  ),
                  <Time key="used" at={lastUsed} />,
                  <Button
                    key="revoke"
                    size="compact-sm"
                    variant="default"
                    aria-label={words.revokeNamed(name)}
                    onClick={() =>
                      ask({
                        title: words.revokeNamed(name),
                        text: words.revokeQuestion(name),
                        confirm: words.revoke,
                        onConfirm: () => revoke(id),
                      })
                    }
                  >
                    {words.revoke}
                  </Button>,
                ],
              }))}
            />
          )
        }
      </Loaded>
    </Section>
  )
}
