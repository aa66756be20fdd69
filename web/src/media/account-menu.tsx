import { ActionIcon, type MantineColorScheme, Menu, useMantineColorScheme } from '@mantine/core'
import { modals } from '@mantine/modals'
import { useRef } from 'react'
import { useManageParts } from '../admin/manage'
import { useManageView } from '../admin/manage-view'
import { wouldLose } from '../ask-before-unload'
import { LANGUAGES, type Language, useMessages } from '../messages/messages'
import { useSession, useSignInPlace, useSignOut } from '../session/session'

/** `auto` is that of the system. The components keep the choice in this browser. */
const SCHEMES = ['auto', 'light', 'dark'] as const satisfies MantineColorScheme[]

/** The menu of the signed-in user: account screens, keyboard shortcuts, language, colours, sign-out. */
export function AccountMenu({ onShortcuts }: { onShortcuts: () => void }) {
  const { t, language, choose } = useMessages()
  const { data: user } = useSession()
  const { data: place } = useSignInPlace()
  const { mutate: signOut } = useSignOut()
  const parts = useManageParts() ?? []
  const { setView } = useManageView()
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  const button = useRef<HTMLButtonElement>(null)
  if (!user) return null
  const leave = () => {
    if (!wouldLose()) return signOut()
    modals.openConfirmModal({
      title: t.unfinished,
      children: t.unfinishedHint,
      labels: { confirm: t.signOut, cancel: t.cancel },
      confirmProps: { color: 'red' },
      closeButtonProps: { 'aria-label': t.close },
      onConfirm: () => signOut(),
    })
  }
  return (
    <Menu
      position="bottom-end"
      width={220}
      withinPortal={false}
      withInitialFocusPlaceholder={false}
    >
      <Menu.Target>
        <ActionIcon
          ref={button}
          variant="light"
          size="input-sm"
          radius="xl"
          aria-label={user.username}
          title={user.username}
        >
          <b>{[...user.username][0]?.toUpperCase()}</b>
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{t.signedInAs(user.username)}</Menu.Label>
        {parts.map((part) => (
          <Menu.Item
            key={part}
            onClick={() => {
              button.current?.focus()
              void setView({ manage: part }, { history: 'push' })
            }}
          >
            {t[part]}
          </Menu.Item>
        ))}
        <Menu.Item
          rightSection="?"
          onClick={() => {
            // The sheet returns the focus to this button when it closes: the menu entry is gone by then.
            button.current?.focus()
            onShortcuts()
          }}
        >
          {t.shortcuts}
        </Menu.Item>
        <Menu.Divider />
        <Menu.Label>{t.chooseLanguage}</Menu.Label>
        <Menu.RadioGroup value={language} onChange={(value) => choose(value as Language)}>
          {Object.entries(LANGUAGES).map(([value, { language: label }]) => (
            <Menu.RadioItem key={value} value={value} lang={value} closeMenuOnClick>
              {label}
            </Menu.RadioItem>
          ))}
        </Menu.RadioGroup>
        <Menu.Divider />
        <Menu.Label>{t.chooseScheme}</Menu.Label>
        <Menu.RadioGroup
          value={colorScheme}
          onChange={(value) => setColorScheme(value as MantineColorScheme)}
        >
          {SCHEMES.map((scheme) => (
            <Menu.RadioItem key={scheme} value={scheme} closeMenuOnClick>
              {t.schemes[scheme]}
            </Menu.RadioItem>
          ))}
        </Menu.RadioGroup>
        {place?.external === false && (
          <>
            <Menu.Divider />
            <Menu.Item onClick={leave}>{t.signOut}</Menu.Item>
          </>
        )}
      </Menu.Dropdown>
    </Menu>
  )
}
