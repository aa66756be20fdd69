import { CloseButton, Text, TextInput } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import { useEffect, useRef, useState } from 'react'
import { at } from '../api/base'
import { SearchIcon } from '../icons'
import { useMessages } from '../messages/messages'
import { UploadButton } from '../upload/upload-button'
import { AccountMenu } from './account-menu'
import classes from './library.module.css'
import { useSearchKey } from './shortcuts'
import { ViewTools, type ViewToolsProps } from './view-tools'

interface ToolbarProps extends ViewToolsProps {
  search: string
  total: number | undefined
  /** @param isNew whether it is no correction of the last one: one can go back to what was before */
  onSearch: (search: string, isNew: boolean) => void
  onFiles: (files: File[]) => void
  onShortcuts: () => void
}

export function Toolbar(props: ToolbarProps) {
  const { order, search, total, density } = props
  const { t } = useMessages()
  return (
    <div className={classes.toolbar}>
      <div className={classes.brand} aria-hidden>
        <img src={at('/favicon.svg')} alt="" width={28} height={28} />
        <span className={classes.brandName}>Vitrine</span>
      </div>
      <SearchInput search={search} onSearch={props.onSearch} />
      <div className={classes.tools}>
        <Text c="dimmed" size="sm" className={classes.count} aria-live="polite">
          {total !== undefined && (search ? t.matches(total) : t.images(total))}
        </Text>
        <ViewTools
          order={order}
          density={density}
          onOrder={props.onOrder}
          onDensity={props.onDensity}
        />
        <UploadButton onFiles={props.onFiles} />
        <AccountMenu onShortcuts={props.onShortcuts} />
      </div>
    </div>
  )
}

/** Searches as one types, a moment after the last key. */
function SearchInput({ search, onSearch }: Pick<ToolbarProps, 'search' | 'onSearch'>) {
  const { t } = useMessages()
  const [text, setText] = useState(search)
  const input = useSearchKey()
  /** The last search that was typed here, since the field was entered. */
  const typed = useRef<string>(undefined)
  const searchNow = (next: string) => {
    searchSoon.cancel()
    if (next === search) return
    const isNew = typed.current === undefined
    typed.current = next
    onSearch(next, isNew)
  }
  const searchSoon = useDebouncedCallback(searchNow, 250)
  // Back and forward change the search from outside.
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
        setText(event.currentTarget.value)
        searchSoon(event.currentTarget.value.trim())
      }}
      onKeyDown={({ key, nativeEvent }) => {
        if (key === 'Enter' && !nativeEvent.isComposing) searchSoon.flush()
      }}
      onBlur={() => {
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
