import { ActionIcon } from '@mantine/core'
import type { ReactNode, Ref } from 'react'
import classes from './item.module.css'

interface BarButtonProps {
  label: string
  icon: ReactNode
  isOff?: boolean
  onClick: () => void
  ref?: Ref<HTMLButtonElement>
}

/** A button of the image bar. With `isOff` it is marked as disabled, but stays focusable. */
export function BarButton({ label, icon, isOff = false, onClick, ref }: BarButtonProps) {
  return (
    <ActionIcon
      ref={ref}
      className={classes.tool}
      variant="subtle"
      color="gray"
      size={40}
      aria-label={label}
      title={label}
      aria-disabled={isOff}
      {...(isOff && { 'data-disabled': true })}
      onClick={() => !isOff && onClick()}
    >
      {icon}
    </ActionIcon>
  )
}
