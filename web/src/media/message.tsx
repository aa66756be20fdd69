import { Button, Center, Stack, Text, Title } from '@mantine/core'
import classes from './library.module.css'

interface MessageProps {
  title: string
  text?: string
  action?: string
  onAction?: () => void
}

/** Shown in place of the grid: why there are no images, and what the user can do. */
export function Message({ title, text, action, onAction }: MessageProps) {
  return (
    <Center h="100%" p="md">
      <Stack align="center" gap="sm" maw={480}>
        <div className={classes.emptyFrames} aria-hidden>
          <span />
          <span />
          <span />
        </div>
        <div role="status">
          <Title order={2} size="h3" ta="center">
            {title}
          </Title>
          {text && (
            <Text c="dimmed" ta="center" mt={4}>
              {text}
            </Text>
          )}
        </div>
        {action && (
          <Button mt="xs" onClick={onAction}>
            {action}
          </Button>
        )}
      </Stack>
    </Center>
  )
}
