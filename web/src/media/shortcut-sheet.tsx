import { Kbd, Modal, Table, Title } from '@mantine/core'
import { Fragment, useEffect, useState } from 'react'
import { useMessages } from '../messages/messages'
import classes from './library.module.css'

interface ShortcutSheetProps {
  onClose: () => void
  maySelect: boolean
  mayDelete: boolean
  mayEdit: boolean
}

/** The list of all keyboard shortcuts that the user may use. */
export function ShortcutSheet({ onClose, maySelect, mayDelete, mayEdit }: ShortcutSheetProps) {
  const { t } = useMessages()
  const { keys: k, can } = t
  useReturnedFocus()
  const isApple = /Mac|iP(hone|ad)/.test(navigator.userAgent)
  const command = isApple ? '⌘' : k.control

  /** A description, and alternative combinations of keys that are pressed together. */
  type Shortcut = [does: string, ...ways: string[][]]
  const groups: [string, Shortcut[]][] = [
    [
      can.everywhere,
      [
        [can.search, ['/']],
        [can.results, [k.enter], ['↓']],
        ...(mayDelete ? [[can.undo, [command, 'Z']] satisfies Shortcut] : []),
        [can.showShortcuts, ['?']],
      ],
    ],
    [
      can.browse,
      [
        [can.step, ['←'], ['→'], ['↑'], ['↓']],
        [can.page, [k.pageUp], [k.pageDown]],
        [can.rowEnds, [k.home], [k.end]],
        [can.ends, [command, k.home], [command, k.end]],
        [can.open, [k.enter]],
        [can.newTab, [command, k.click]],
      ],
    ],
  ]
  if (maySelect) {
    groups.push([
      can.select,
      [
        [can.toggle, [k.space]],
        [can.extend, [k.shift, '←↑→↓'], [k.shift, k.space], [k.shift, k.click]],
        [can.drag, [k.drag]],
        [can.all, [command, 'A']],
        [can.nothing, [k.escape]],
        ...(mayDelete ? [[can.remove, [k.delete]] satisfies Shortcut] : []),
      ],
    ])
  }
  groups.push([
    can.image,
    [
      [can.neighbours, ['←'], ['→']],
      [can.zoom, ['+'], ['−']],
      [can.whole, ['0']],
      [can.widen, ['F']],
      ...(mayEdit ? [[can.save, [command, 'S']] satisfies Shortcut] : []),
      ...(mayDelete ? [[can.removeOne, [k.delete]] satisfies Shortcut] : []),
      [can.close, [k.escape]],
    ],
  ])

  return (
    <Modal
      opened
      onClose={onClose}
      centered
      size="55rem"
      title={t.shortcuts}
      closeButtonProps={{ 'aria-label': t.close }}
    >
      <div className={classes.shortcuts}>
        {groups.map(([title, shortcuts]) => (
          <section key={title} aria-label={title}>
            <Title order={3} size="sm" mb={4}>
              {title}
            </Title>
            <Table withRowBorders={false} verticalSpacing={5} horizontalSpacing={0}>
              <Table.Tbody>
                {shortcuts.map(([does, ...ways]) => (
                  <Table.Tr key={does}>
                    <Table.Th scope="row" fw={400} miw="40%">
                      {does}
                    </Table.Th>
                    <Table.Td ta="end">
                      <Ways ways={ways} />
                    </Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </section>
        ))}
      </div>
    </Modal>
  )
}

/** On close, returns the focus to the element that had it before. That element stays mounted. */
function useReturnedFocus() {
  const [before] = useState(() => document.activeElement)
  useEffect(
    () => () => {
      if (before instanceof HTMLElement) before.focus({ preventScroll: true })
    },
    [before],
  )
}

function Ways({ ways }: { ways: string[][] }) {
  return ways.map((way) => (
    <span key={way.join()} className={classes.way}>
      {way.map((key, index) => (
        <Fragment key={key}>
          {index > 0 && '+'}
          <Kbd>{key}</Kbd>
        </Fragment>
      ))}
    </span>
  ))
}
