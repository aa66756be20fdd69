import { Modal, Tabs } from '@mantine/core'
import { useWindowEvent } from '@mantine/hooks'
import { type ReactNode, useEffect, useRef, useState } from 'react'
import classes from '../account/account.module.css'
import { OwnAccount } from '../account/own-account'
import { focusGrid } from '../media/grid-focus'
import itemClasses from '../media/item.module.css'
import { isElsewhere } from '../media/item-keys'
import { useAccountMessages } from '../messages/accounts'
import { useMessages } from '../messages/messages'
import { useKeptFocus } from '../upload/use-kept-focus'
import { Audit } from './audit'
import { PARTS, type Part, useManageView } from './manage-view'
import { Statistics } from './statistics'
import { UserDetails } from './user-details'
import { Users } from './users'

interface ManagePanelProps {
  part: Part
  /** The parts that the user may open. */
  parts: readonly Part[]
  onItem: (id: number) => void
  onClose: () => void
}

/**
 * A dialog over the library: the user's own account, statistics, and for administrators all accounts and the audit
 * trail.
 */
export default function ManagePanel({ part, parts, onItem, onClose }: ManagePanelProps) {
  const words = useAccountMessages()
  const { t } = useMessages()
  const { user, setView } = useManageView()
  const dialog = useRef<HTMLDivElement>(null)
  const titles: Record<Part, string> = {
    account: t.account,
    users: t.users,
    audit: t.audit,
    statistics: t.statistics,
  }
  useReturnedFocus()
  // The Escape handler of the dialog would also react to Escape in a dialog above it.
  useWindowEvent(
    'keydown',
    ({ key, isComposing, target }) => {
      if (key !== 'Escape' || isComposing || !(target instanceof Element)) return
      if (!isElsewhere(target, dialog.current)) onClose()
    },
    { capture: true },
  )
  const choose = (chosen: string | null) => {
    const next = PARTS.find((name) => name === chosen)
    if (next) void setView({ manage: next, user: null, by: null, did: null }, { history: 'push' })
  }
  return (
    <Modal.Root
      opened
      onClose={onClose}
      closeOnEscape={false}
      fullScreen
      classNames={{ content: classes.dialog }}
    >
      <Modal.Content ref={dialog}>
        <Modal.Header className={itemClasses.header}>
          <Modal.Title className={itemClasses.title}>{words.managing}</Modal.Title>
          <Modal.CloseButton aria-label={t.close} size="lg" />
        </Modal.Header>
        <Modal.Body className={classes.body}>
          <KeptFocus>
            <Tabs value={part} onChange={choose} keepMounted={false}>
              <Tabs.List mb="lg">
                {parts.map((name) => (
                  <Tabs.Tab key={name} value={name}>
                    {titles[name]}
                  </Tabs.Tab>
                ))}
              </Tabs.List>
              <Tabs.Panel value="account">
                <OwnAccount />
              </Tabs.Panel>
              <Tabs.Panel value="users">
                {user === null ? (
                  <Users onChoose={(id) => void setView({ user: id }, { history: 'push' })} />
                ) : (
                  <UserDetails
                    key={user}
                    id={user}
                    onBack={() => void setView({ user: null }, { history: 'push' })}
                  />
                )}
              </Tabs.Panel>
              <Tabs.Panel value="audit">
                <Audit onItem={onItem} />
              </Tabs.Panel>
              <Tabs.Panel value="statistics">
                <Statistics />
              </Tabs.Panel>
            </Tabs>
          </KeptFocus>
        </Modal.Body>
      </Modal.Content>
    </Modal.Root>
  )
}

/** Takes the focus when a pressed button disappears together with its table row. */
function KeptFocus({ children }: { children: ReactNode }) {
  const part = useRef<HTMLDivElement>(null)
  useKeptFocus(part)
  return (
    <div ref={part} tabIndex={-1}>
      {children}
    </div>
  )
}

/** Returns the focus to the element that had it before, or to the grid if a link opened the dialog. */
function useReturnedFocus() {
  const [before] = useState(() => document.activeElement)
  useEffect(
    () => () => {
      if (before instanceof HTMLElement && before !== document.body) before.focus()
      else focusGrid()
    },
    [before],
  )
}
