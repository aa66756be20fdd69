import { Button, Text, Title } from '@mantine/core'
import type { ReactNode } from 'react'
import { PreviousIcon } from './icons'
import { useDeskMessages } from './messages/desk'
import { useMessages } from './messages/messages'
import { type Screen, useScreen } from './screen'
import classes from './screen-header.module.css'

interface ScreenHeaderProps {
  screen: Screen
  /** How far the work is, in words. */
  progress?: string | undefined
  children?: ReactNode
}

/** The head of a view: the way back to the library, its name, its progress, and its tools. */
export function ScreenHeader({ screen, progress, children }: ScreenHeaderProps) {
  const { t } = useMessages()
  const d = useDeskMessages()
  const { goTo } = useScreen()
  return (
    <header className={classes.header}>
      <Button
        variant="default"
        size="compact-md"
        leftSection={<PreviousIcon />}
        aria-label={t.backToLibrary}
        onClick={() => goTo(null)}
      >
        {d.back}
      </Button>
      <Title order={1} size="h4" className={classes.title}>
        {t.screens[screen]}
      </Title>
      {progress !== undefined && (
        <Text size="sm" c="dimmed" className={classes.progress}>
          {progress}
        </Text>
      )}
      {children}
    </header>
  )
}
