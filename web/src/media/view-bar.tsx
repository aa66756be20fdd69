import { Button, Text } from '@mantine/core'
import { useMessages } from '../messages/messages'
import { focusGrid } from './grid-focus'
import classes from './library.module.css'
import { useFilterWords } from './use-filter-words'
import { type Filter, isTrash, listFilters, UNFILTERED, useView, WHOLE } from './view'

/** Says what the grid is narrowed to: the trash, and each filter as a chip that removes it. */
export function ViewBar({ filters }: { filters: string }) {
  const { t } = useMessages()
  const { setView } = useView()
  const inTrash = isTrash({ filters })
  const active = listFilters(filters)
  const word = useFilterWords(active)
  const name = (filter: Filter, value: string) => `${t.filterNames[filter]}: ${word(filter, value)}`
  if (!inTrash && active.length === 0) return null
  const change = (changes: Parameters<typeof setView>[0]) => {
    void setView(changes, { history: 'push' })
    // The button disappears.
    focusGrid()
  }
  return (
    <>
      {inTrash && (
        <section className={classes.viewBar} aria-label={t.trash}>
          <Text size="sm">
            <b>{t.trash}.</b> {t.trashHint}
          </Text>
          <Button size="compact-sm" variant="default" onClick={() => change(WHOLE)}>
            {t.backToLibrary}
          </Button>
        </section>
      )}
      {active.length > 0 && (
        <section className={classes.viewBar} aria-label={t.filters}>
          {active.map(([filter, value]) => (
            <Button
              key={filter}
              className={classes.chip}
              size="compact-sm"
              radius="xl"
              variant="default"
              fw={400}
              rightSection={<span aria-hidden>✕</span>}
              aria-label={t.removeFilter(name(filter, value))}
              title={t.removeFilter(name(filter, value))}
              onClick={() => change({ [filter]: null, at: null, open: null })}
            >
              {name(filter, value)}
            </Button>
          ))}
          {active.length > 1 && (
            <Button size="compact-sm" variant="subtle" onClick={() => change(UNFILTERED)}>
              {t.clearFilters}
            </Button>
          )}
        </section>
      )}
    </>
  )
}
