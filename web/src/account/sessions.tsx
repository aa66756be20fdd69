import { Badge, Button, Group, Text } from '@mantine/core'
import { useState } from 'react'
import { useAccountMessages } from '../messages/accounts'
import classes from './account.module.css'
import { DataTable, Loaded } from './data-table'
import { nameBrowser } from './name-browser'
import { endSession, endSessions, type Owner, useChange, useSessions } from './queries'
import { Section } from './section'
import { Time } from './time'
import { useQuestion } from './use-question'

/** Sessions shown at first, the rest on request: every run of a script may have left one. */
const SHOWN = 10

/** The sessions of an account, with buttons to end them. */
export function Sessions({ owner }: { owner: Owner }) {
  const words = useAccountMessages()
  const ask = useQuestion()
  const sessions = useSessions(owner)
  const [isWhole, setIsWhole] = useState(false)
  const { mutate: end } = useChange({
    change: (session: string) => endSession(owner, session),
    said: () => words.sessionEnded,
  })
  const { mutate: endAll } = useChange({
    change: () => endSessions(owner),
    said: () => words.sessionsEnded,
  })
  const isOwn = owner === 'own'
  const others = sessions.data?.filter(({ current }) => !isOwn || !current) ?? []
  const endThem = isOwn ? words.endOthers : words.endAll

  return (
    <Section
      title={words.sessions}
      {...(isOwn && { hint: words.sessionsHint })}
      actions={
        others.length > 0 && (
          <Button
            variant="default"
            onClick={() =>
              ask({
                title: endThem,
                text: words.endAllQuestion,
                confirm: endThem,
                onConfirm: () => endAll(),
              })
            }
          >
            {endThem}
          </Button>
        )
      }
    >
      <Loaded query={sessions}>
        {(list) =>
          list.length === 0 ? (
            <Text size="sm">{words.noSessions}</Text>
          ) : (
            <>
              <DataTable
                label={words.sessions}
                columns={[words.where, words.network, words.since, words.lastUsed, words.actions]}
                rows={(isWhole ? list : list.slice(0, SHOWN)).map(
                  ({ id, userAgent, network, created, lastUsed, current }) => {
                    const { browser, system } = nameBrowser(userAgent)
                    const name = system
                      ? words.on(browser, system)
                      : browser.trim() || words.unknownBrowser
                    return {
                      key: id,
                      cells: [
                        <Group key="name" gap="xs" title={userAgent} className={classes.wide}>
                          {name}
                          {current && <Badge variant="light">{words.thisSession}</Badge>}
                        </Group>,
                        network,
                        <Time key="created" at={created} />,
                        <Time key="used" at={lastUsed} />,
                        !(isOwn && current) && (
                          <Button
                            key="end"
                            size="compact-sm"
                            variant="default"
                            aria-label={words.endNamed(name)}
                            onClick={() => end(id)}
                          >
                            {words.endSession}
                          </Button>
                        ),
                      ],
                    }
                  },
                )}
              />
              {!isWhole && list.length > SHOWN && (
                <Button mt="xs" size="compact-sm" variant="subtle" onClick={() => setIsWhole(true)}>
                  {words.showAll(list.length)}
                </Button>
              )}
            </>
          )
        }
      </Loaded>
    </Section>
  )
}
