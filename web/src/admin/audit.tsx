import { Button, Group, NativeSelect, Stack, Text, TextInput } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import classes from '../account/account.module.css'
import { DataTable, Loaded } from '../account/data-table'
import { Section } from '../account/section'
import { Time } from '../account/time'
import { type AuditAction, api, call } from '../api/client'
import { useAccountMessages } from '../messages/accounts'
import { useMessages } from '../messages/messages'
import { readEvent } from './audit-event'
import { AuditSentence } from './audit-sentence'
import { useManageView } from './manage-view'

/** Entries per request. */
const ENTRIES = 50

/** The audit trail: who did what, when and from which network. Newest entries first. */
export function Audit({ onItem }: { onItem: (id: number) => void }) {
  const words = useAccountMessages()
  const { t } = useMessages()
  const { by, did } = useManageView()
  const trail = useInfiniteQuery({
    queryKey: ['accounts', 'audit', by, did],
    queryFn: async ({ pageParam, signal }) => {
      const query = {
        limit: String(ENTRIES),
        ...(pageParam !== null && { before: String(pageParam) }),
        ...(by !== '' && { user: by }),
        ...(did !== '' && { action: did as AuditAction }),
      }
      return (await call(api.GET('/audit', { params: { query }, signal }))).data
    },
    initialPageParam: null as number | null,
    getNextPageParam: ({ next }) => next,
    placeholderData: keepPreviousData,
  })
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = trail

  return (
    <Section title={t.audit}>
      <Stack>
        <Filters />
        <Loaded query={trail}>
          {({ pages }) => {
            const entries = pages.flatMap((page) => page.entries)
            const gone = new Set(pages.flatMap((page) => page.gone))
            return (
              <>
                {entries.length === 0 ? (
                  <Text size="sm" role="status">
                    {words.noEntries}
                  </Text>
                ) : (
                  <DataTable
                    label={t.audit}
                    columns={[words.when, words.what, words.network]}
                    rows={entries.map((entry) => {
                      const event = readEvent(entry)
                      return {
                        key: entry.id,
                        cells: [
                          <Time key="when" at={entry.timestamp} />,
                          <span key="what" className={classes.sentence}>
                            <AuditSentence
                              sentence={words.told[entry.action](event)}
                              event={event}
                              isGone={event.imageId !== undefined && gone.has(event.imageId)}
                              onItem={onItem}
                            />
                          </span>,
                          entry.network,
                        ],
                      }
                    })}
                  />
                )}
                {hasNextPage && (
                  <Button
                    variant="default"
                    w="fit-content"
                    loading={isFetchingNextPage}
                    onClick={() => fetchNextPage()}
                  >
                    {words.older}
                  </Button>
                )}
              </>
            )
          }}
        </Loaded>
      </Stack>
    </Section>
  )
}

/** Filters by user and by action. The query of the address holds both. */
function Filters() {
  const words = useAccountMessages()
  const { by, did, setView } = useManageView()
  const [text, setText] = useState(by)
  useEffect(() => setText(by), [by])
  const filterSoon = useDebouncedCallback(
    (name: string) => void setView({ by: name || null }, { history: 'replace' }),
    250,
  )
  return (
    <Group>
      <TextInput
        label={words.filterUser}
        value={text}
        autoComplete="off"
        autoCapitalize="none"
        onChange={(event) => {
          setText(event.currentTarget.value)
          filterSoon(event.currentTarget.value.trim())
        }}
      />
      <NativeSelect
        label={words.filterAction}
        value={did}
        onChange={(event) =>
          void setView({ did: event.currentTarget.value || null }, { history: 'push' })
        }
        data={[
          { value: '', label: words.anything },
          ...Object.entries(words.did).map(([value, label]) => ({ value, label })),
        ]}
      />
    </Group>
  )
}
