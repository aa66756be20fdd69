import { Group, Text, Title } from '@mantine/core'
import { type ReactNode, useId } from 'react'
import classes from './account.module.css'

interface SectionProps {
  title: string
  hint?: string
  /** Buttons beside the heading. */
  actions?: ReactNode
  children?: ReactNode
}

/** A part of a screen with a heading. */
export function Section({ title, hint, actions, children }: SectionProps) {
  const id = useId()
  return (
    <section aria-labelledby={id} className={classes.section}>
      <Group justify="space-between" mb="xs">
        <div>
          <Title order={3} size="h4" id={id}>
            {title}
          </Title>
          {hint && (
            <Text size="sm" c="dimmed">
              {hint}
            </Text>
          )}
        </div>
        {actions}
      </Group>
      {children}
    </section>
  )
}
