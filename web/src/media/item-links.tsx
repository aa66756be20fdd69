import { Button, type ButtonProps, Group, Popover } from '@mantine/core'
import { useState } from 'react'
import { at } from '../api/base'
import { useMessages } from '../messages/messages'
import { useToolMessages } from '../messages/tools'
import { usePermission } from '../session/session'
import { CopyPanel } from './copy-panel'
import type { KnownItem } from './item-query'
import { ReplaceButton } from './replace-button'
import { Versions } from './versions'

const LOOK = { variant: 'default', size: 'xs', fw: 500 } as const satisfies ButtonProps

export interface ItemLinksProps {
  item: KnownItem
  /** False in the trash, where addresses show nothing and files stay as they are. */
  isPublic: boolean
  /** Runs an action that would lose unsaved changes, after a question if there are any. */
  leave: (act: () => void) => void
}

/** What can be done with the file of an image: copy links, download it, replace it, and go back to an earlier one. */
export function ItemLinks({ item, isPublic, leave }: ItemLinksProps) {
  const { t } = useMessages()
  const { versions } = useToolMessages()
  const [isCopying, setIsCopying] = useState(false)
  const [hasVersions, setHasVersions] = useState(false)
  const [mayEdit, mayAdd] = [usePermission('edit-media'), usePermission('add-media')]
  const mayReplace = mayEdit && mayAdd
  return (
    <>
      <Group gap="xs">
        {isPublic && (
          <Popover
            opened={isCopying}
            onChange={setIsCopying}
            width={320}
            position="top-start"
            shadow="md"
            trapFocus
            returnFocus
          >
            <Popover.Target>
              <Button
                {...LOOK}
                rightSection={<span aria-hidden>▾</span>}
                onClick={() => setIsCopying(!isCopying)}
              >
                {t.copy}
              </Button>
            </Popover.Target>
            <Popover.Dropdown aria-label={t.copy}>
              <CopyPanel item={item} onClose={() => setIsCopying(false)} />
            </Popover.Dropdown>
          </Popover>
        )}
        <Button {...LOOK} component="a" href={at(`/media/original/${item.id}`)} download>
          {t.download}
        </Button>
        {isPublic && mayReplace && <ReplaceButton look={LOOK} item={item} leave={leave} />}
        {isPublic && (
          <Button
            {...LOOK}
            aria-expanded={hasVersions}
            onClick={() => setHasVersions(!hasVersions)}
          >
            {versions}
          </Button>
        )}
      </Group>
      {hasVersions && isPublic && (
        <Versions key={item.id} item={item} mayRestore={mayReplace} leave={leave} />
      )}
    </>
  )
}
