import {
  Button,
  CloseButton,
  Group,
  Menu,
  NativeSelect,
  SegmentedControl,
  Text,
  TextInput,
} from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import { useEffect, useState } from 'react'
import { LANGUAGES, type Language, useMessages } from '../messages/messages'
import { useSession, useSignOut } from '../session/session'
import { UploadButton } from '../upload/upload-button'
import type { Density } from './library'
import classes from './library.module.css'
import { ORDERS, type View } from './view'

interface ToolbarProps extends View {
  total: number | undefined
  density: Density
  onOrder: (order: View['order']) => void
  onSearch: (search: string) => void
  onDensity: (density: Density) => void
  onFiles: (files: File[]) => void
}

export function Toolbar(props: ToolbarProps) {
  const { order, search, total, density, onOrder, onSearch, onDensity, onFiles } = props
  const { t, language, choose } = useMessages()
  return (
    <header className={classes.toolbar}>
      <Text component="h1" fw={700} size="lg">
        Vitrine
      </Text>
      <SearchInput search={search} onSearch={onSearch} />
      <Text c="dimmed" size="sm" aria-live="polite">
        {total !== undefined && (search ? t.matches(total) : t.images(total))}
      </Text>
      <NativeSelect
        aria-label={t.order}
        value={order}
        onChange={(event) => {
          const chosen = ORDERS.find((known) => known === event.currentTarget.value)
          if (chosen) onOrder(chosen)
        }}
        data={[
          { value: 'added-desc', label: t.newestFirst },
          { value: 'added-asc', label: t.oldestFirst },
        ]}
      />
      <SegmentedControl
        aria-label={t.size}
        value={density}
        onChange={onDensity}
        data={[
          { value: 'small' as const, label: t.small },
          { value: 'medium' as const, label: t.medium },
          { value: 'large' as const, label: t.large },
        ]}
      />
      <Group gap="xs" ml="auto">
        <UploadButton onFiles={onFiles} />
        <NativeSelect
          aria-label={t.chooseLanguage}
          value={language}
          onChange={(event) => choose(event.currentTarget.value as Language)}
          data={Object.entries(LANGUAGES).map(([value, { language: label }]) => ({ value, label }))}
        />
        <AccountMenu />
      </Group>
    </header>
  )
}

/** Searches as one types, a moment after the last key. */
function SearchInput({ search, onSearch }: Pick<ToolbarProps, 'search' | 'onSearch'>) {
  const { t } = useMessages()
  const [text, setText] = useState(search)
  const searchSoon = useDebouncedCallback(onSearch, 250)
  // Back and forward change the search from outside.
  useEffect(() => setText(search), [search])
  return (
    <TextInput
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
      rightSection={
        text !== '' && (
          <CloseButton
            aria-label={t.clearSearch}
            onClick={() => {
              setText('')
              onSearch('')
            }}
          />
        )
      }
    />
  )
}

function AccountMenu() {
  const { t } = useMessages()
  const { data: user } = useSession()
  const { mutate: signOut } = useSignOut()
  if (!user) return null
  return (
    <Menu position="bottom-end" withInitialFocusPlaceholder={false}>
      <Menu.Target>
        <Button variant="default">{user.username}</Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item onClick={() => signOut()}>{t.signOut}</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}
