import { ActionIcon, Popover } from '@mantine/core'
import { Suspense, useEffect, useState } from 'react'
import { FilterIcon } from '../icons'
import { loadLater } from '../load-later'
import { useMessages } from '../messages/messages'

const { Component: FilterPanel, load } = loadLater(async () => ({
  default: (await import('./filter-panel')).FilterPanel,
}))

/** A button that opens a form for the filters that are needed most. */
export function FilterButton({ filters }: { filters: string }) {
  const { t } = useMessages()
  const [isOpen, setIsOpen] = useState(false)
  // Loaded in advance, so that the form opens at once.
  useEffect(() => void load(), [])
  return (
    <Popover
      opened={isOpen}
      onChange={setIsOpen}
      width={340}
      position="bottom"
      shadow="md"
      withinPortal={false}
      trapFocus
      returnFocus
    >
      <Popover.Target>
        <ActionIcon
          variant="default"
          size="input-sm"
          aria-label={t.filter}
          title={t.filter}
          onClick={() => setIsOpen(!isOpen)}
        >
          <FilterIcon />
        </ActionIcon>
      </Popover.Target>
      <Popover.Dropdown aria-label={t.filter}>
        <Suspense>
          <FilterPanel filters={filters} />
        </Suspense>
      </Popover.Dropdown>
    </Popover>
  )
}
