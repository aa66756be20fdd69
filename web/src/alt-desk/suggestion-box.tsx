import { Button, Group, Paper, Text } from '@mantine/core'
import { useDeskMessages } from '../messages/desk'
import { useMessages } from '../messages/messages'
import classes from './alt-desk.module.css'
import type { Suggested } from './use-suggestion'

interface SuggestionBoxProps {
  suggestion: Suggested
  onUse: () => void
}

/** What a service suggests. It becomes a text only if the user takes it over and saves. */
export function SuggestionBox({ suggestion, onUse }: SuggestionBoxProps) {
  const { t } = useMessages()
  const d = useDeskMessages()
  const { text, fault, retry } = suggestion
  return (
    <Paper withBorder p="sm" role="group" aria-label={d.suggestion}>
      <Text size="sm" fw={600}>
        {d.suggestion}
      </Text>
      {text !== undefined ? (
        <>
          <Text size="sm" mt={4} className={classes.suggested}>
            {text}
          </Text>
          <Group mt="xs" gap="xs" justify="space-between">
            <Text size="xs" c="dimmed">
              {d.suggestionHint}
            </Text>
            <Button size="compact-sm" variant="light" onClick={onUse}>
              {d.useSuggestion}
            </Button>
          </Group>
        </>
      ) : fault === undefined ? (
        <Text size="sm" c="dimmed" mt={4}>
          {d.suggesting}
        </Text>
      ) : (
        <>
          <Text size="sm" mt={4} role="status">
            {d.noSuggestion} {fault}
          </Text>
          <Button mt="xs" size="compact-sm" variant="default" onClick={retry}>
            {t.tryAgain}
          </Button>
        </>
      )}
    </Paper>
  )
}
