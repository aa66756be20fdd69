import { ActionIcon, Menu, NativeSelect, SegmentedControl, VisuallyHidden } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import type { ReactNode } from 'react'
import { LargeCellsIcon, MediumCellsIcon, SmallCellsIcon, ViewIcon } from '../icons'
import { useMessages } from '../messages/messages'
import classes from './library.module.css'
import { ORDERS, type Order, type View } from './view'

/** Minimum widths of a cell, in pixels. */
export const DENSITIES = { small: 120, medium: 190, large: 300 } as const
export type Density = keyof typeof DENSITIES

const ICONS: Record<Density, ReactNode> = {
  small: <SmallCellsIcon />,
  medium: <MediumCellsIcon />,
  large: <LargeCellsIcon />,
}

/** From this width on, all tools fit beside the search. */
const WIDE = '(min-width: 76em)'

/** The orders to choose from. Others can be given in the address; the page then offers them too. */
const OFFERED: readonly Order[] = [
  'added-desc',
  'added-asc',
  'name-asc',
  'size-desc',
  'taken-desc',
  'changed-desc',
]

export interface ViewToolsProps {
  view: View
  density: Density
  onOrder: (order: Order) => void
  onDensity: (density: Density) => void
}

/** Controls for the order and the size of the images, in a menu on a narrow screen. */
export function ViewTools({ view, density, onOrder, onDensity }: ViewToolsProps) {
  const { t } = useMessages()
  const isWide = useMediaQuery(WIDE, undefined, { getInitialValueInEffect: false })
  const { order, filters } = view
  const hasOwnOrder = /^\d+$/.test(new URLSearchParams(filters).get('collection') ?? '')
  const orders = ORDERS.filter(
    (known) =>
      OFFERED.includes(known) || known === order || (known === 'collection' && hasOwnOrder),
  ).map((value) => ({ value, label: t.orders[value] }))
  const sizes = [
    { value: 'small', label: t.small },
    { value: 'medium', label: t.medium },
    { value: 'large', label: t.large },
  ] as const
  const chooseOrder = (value: string) => {
    const chosen = ORDERS.find((known) => known === value)
    if (chosen) onOrder(chosen)
  }

  if (isWide) {
    return (
      <>
        <NativeSelect
          aria-label={t.order}
          value={order}
          onChange={(event) => chooseOrder(event.currentTarget.value)}
          data={orders}
        />
        <SegmentedControl
          aria-label={t.size}
          value={density}
          onChange={onDensity}
          data={sizes.map(({ value, label }) => ({
            value,
            label: (
              <span className={classes.size} title={label}>
                {ICONS[value]}
                <VisuallyHidden>{label}</VisuallyHidden>
              </span>
            ),
          }))}
        />
      </>
    )
  }
  return (
    <Menu position="bottom-end" withinPortal={false} withInitialFocusPlaceholder={false}>
      <Menu.Target>
        <ActionIcon variant="default" size="input-sm" aria-label={t.view} title={t.view}>
          <ViewIcon />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{t.order}</Menu.Label>
        <Menu.RadioGroup value={order} onChange={chooseOrder}>
          {orders.map(({ value, label }) => (
            <Menu.RadioItem key={value} value={value} closeMenuOnClick>
              {label}
            </Menu.RadioItem>
          ))}
        </Menu.RadioGroup>
        <Menu.Divider />
        <Menu.Label>{t.size}</Menu.Label>
        <Menu.RadioGroup value={density} onChange={(value) => onDensity(value as Density)}>
          {sizes.map(({ value, label }) => (
            <Menu.RadioItem key={value} value={value} closeMenuOnClick>
              {label}
            </Menu.RadioItem>
          ))}
        </Menu.RadioGroup>
      </Menu.Dropdown>
    </Menu>
  )
}
