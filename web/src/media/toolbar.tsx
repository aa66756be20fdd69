import { ActionIcon, CloseButton, Text, TextInput } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import { type ReactNode, useEffect, useRef, useState } from 'react'
import { at } from '../api/base'
import { MenuIcon, SearchIcon } from '../icons'
import { useMessages } from '../messages/messages'
import { UploadButton } from '../upload/upload-button'
import { AccountMenu } from './account-menu'
import { FilterButton } from './filter-button'
import { focusGrid } from './grid-focus'
import classes from './library.module.css'
import { useSearchKey } from './shortcuts'
import { listFilters } from './view'
import { ViewTools, type ViewToolsProps } from './view-tools'

interface ToolbarProps extends ViewToolsProps {
  total: number | undefined
  /** @param isNew false for a correction of the last search, which gets no history entry of its own */
  onSearch: (search: string, isNew: boolean) => void
  /** Called with the search whose first match must get the focus; null for none. */
  onAwait: (search: string | null) => void
  onFiles: (files: File[]) => void
  onShortcuts: () => void
  isNavOpen: boolean
  onNav: () => void
  /** Covers the tools, but not the search, while anything is selected. */
  selectionBar: ReactNode
}

export function Toolbar(props: ToolbarProps) {
  const { view, total, density } = props
  const { search, filters } = view
  const { t } = useMessages()
  return (
    <div className={classes.toolbar}>
      <ActionIcon
        variant="subtle"
        color="gray"
        size="input-sm"
        aria-label={t.navigation}
        title={t.navigation}
        aria-expanded={props.isNavOpen}
        onClick={props.onNav}
      >
        <MenuIcon />
      </ActionIcon>
      {!props.isNavOpen && (
        <div className={classes.brand} aria-hidden>
          <img src={at('/favicon.svg')} alt="" width={24} height={24} />
          <span className={classes.brandName}>Vitrine</span>
        </div>
      )}
      <SearchInput search={search} onSearch={props.onSearch} onAwait={props.onAwait} />
      <FilterButton filters={filters} />
      <div className={classes.side}>
        {/* The tools under the selection bar must not be reachable. */}
        <div className={classes.tools} inert={Boolean(props.selectionBar)}>
          <Text c="dimmed" size="sm" className={classes.count} aria-live="polite">
            {total !== undefined &&
              (search || listFilters(filters).length > 0 ? t.matches(total) : t.images(total))}
          </Text>
          <ViewTools
            view={view}
            density={density}
            onOrder={props.onOrder}
            onDensity={props.onDensity}
          />
          <UploadButton onFiles={props.onFiles} />
          <AccountMenu onShortcuts={props.onShortcuts} />
        </div>
        {props.selectionBar}
      </div>
    </div>
  )
}

/** The search field. It searches 250 ms after the last key. */
function SearchInput({
  search,
  onSearch,
  onAwait,
}: Pick<ToolbarProps, 'onSearch' | 'onAwait'> & { search: string }) {
  const { t } = useMessages()
  const [text, setText] = useState(search)
  const input = useSearchKey()
  /** The last search typed since the field got the focus; undefined if none. */
  const typed = useRef<string>(undefined)
  const searchNow = (next: string) => {
    searchSoon.cancel()
    if (next === search) return
    const isNew = typed.current === undefined
    typed.current = next
    onSearch(next, isNew)
  }
  const searchSoon = useDebouncedCallback(searchNow, 250)
  // The back and forward buttons change the search from outside.
  useEffect(() => {
    if (search === typed.current) return
    typed.current = undefined
    searchSoon.cancel()
    setText(search)
  }, [search, searchSoon])
  return (
    <TextInput
      ref={input}
      className={classes.search}
      type="search"
      aria-label={t.search}
      placeholder={t.search}
      value={text}
      maxLength={255}
      onChange={(event) => {
        onAwait(null)
        setText(event.currentTarget.value)
        searchSoon(event.currentTarget.value.trim())
      }}
      onKeyDown={(event) => {
        const { key, nativeEvent } = event
        if ((key !== 'Enter' && key !== 'ArrowDown') || nativeEvent.isComposing) return
        event.preventDefault()
        searchSoon.flush()
        // Focus the grid at once if it already shows this search, else when its matches are rendered.
        const wanted = text.trim()
        if (wanted !== search || !focusGrid()) onAwait(wanted)
      }}
      onBlur={() => {
        onAwait(null)
        searchSoon.flush()
        typed.current = undefined
      }}
      leftSection={<SearchIcon />}
      rightSection={
        text !== '' && (
          <CloseButton
            aria-label={t.clearSearch}
            onClick={() => {
              setText('')
              searchNow('')
              input.current?.focus()
            }}
          />
        )
      }
    />
  )
}
