import { Alert, Anchor, Badge, Button, Group, Stack, Text, Textarea, Title } from '@mantine/core'
import { useWindowEvent } from '@mantine/hooks'
import { useEffect, useRef, useState } from 'react'
import type { MediaItem } from '../api/client'
import { KeyList } from '../key-list'
import { explainRefusal } from '../media/item-edit'
import { isCovered } from '../media/shortcuts'
import { useDeskMessages } from '../messages/desk'
import { useMessages } from '../messages/messages'
import classes from './alt-desk.module.css'
import { SuggestionBox } from './suggestion-box'
import type { Trouble } from './use-alt-queue'
import { usePrefetchedSuggestion, useSuggestion } from './use-suggestion'

/** The longest text that the server takes, in code points. */
const MOST = 1000
/** From here on, a text is long for people who listen to it. */
const LONG = 200

interface AltFormProps {
  item: MediaItem
  /** The image that is likely to be shown next. */
  next: MediaItem | undefined
  text: string
  isDecorative: boolean
  trouble: Trouble | undefined
  canGoBack: boolean
  onType: (text: string) => void
  onSave: (alt: string) => void
  onKeepTheirs: () => void
  onSkip: () => void
  onBack: () => void
  onOpen: () => void
}

/** The field for the alternative text of one image, and what can be done instead. Every button has a key. */
export function AltForm(props: AltFormProps) {
  const { item, next, isDecorative, trouble, canGoBack } = props
  const { onType, onSave, onKeepTheirs, onSkip, onBack, onOpen } = props
  const { t } = useMessages()
  const d = useDeskMessages()
  const field = useRef<HTMLTextAreaElement>(null)
  const [text, setText] = useState(props.text)
  const [isMissing, setIsMissing] = useState(false)
  // Typing goes on in the next image without a click.
  useEffect(() => {
    const shown = field.current
    shown?.focus({ preventScroll: true })
    shown?.setSelectionRange(shown.value.length, shown.value.length)
  }, [])

  const length = [...text].length
  const isTooLong = length > MOST
  const suggestion = useSuggestion(item.id)
  usePrefetchedSuggestion(next?.id)
  /** Fills it in. It is saved only when the user saves. */
  const takeOver = () => {
    if (suggestion.text === undefined) return
    change(suggestion.text)
    field.current?.focus()
  }
  const change = (changed: string) => {
    setText(changed)
    setIsMissing(false)
    onType(changed)
  }
  const save = () => {
    if (isTooLong) return field.current?.focus()
    const written = text.trim()
    if (written !== '') return onSave(written)
    if (isDecorative) return onSkip()
    setIsMissing(true)
    field.current?.focus()
  }
  useWindowEvent('keydown', (event) => {
    const { key, ctrlKey, metaKey, shiftKey, altKey, isComposing, repeat, target } = event
    if (isComposing || repeat || isCovered()) return
    if (altKey) {
      if (key !== 'Enter' || suggestion.text === undefined) return
      event.preventDefault()
      takeOver()
      return
    }
    const isCommand = ctrlKey || metaKey
    const isOnButton =
      target instanceof Element && target.closest('button, a, input, select') !== null
    if (key === 'Enter' && (isCommand || !isOnButton)) {
      if (shiftKey && !isCommand) return
      event.preventDefault()
      if (shiftKey) onSave('')
      else save()
    } else if (key === 'PageDown' && !isCommand && !shiftKey) {
      event.preventDefault()
      onSkip()
    } else if (key === 'PageUp' && !isCommand && !shiftKey) {
      event.preventDefault()
      if (canGoBack) onBack()
    }
  })
  const isApple = /Mac|iP(hone|ad)/.test(navigator.userAgent)
  const command = isApple ? '⌘' : d.key.control
  return (
    <form
      className={classes.form}
      onSubmit={(event) => {
        event.preventDefault()
        save()
      }}
    >
      <Stack gap="xs">
        <Group justify="space-between" wrap="nowrap" align="baseline">
          <Title order={2} size="h5" className={classes.name}>
            {item.name}
          </Title>
          <Anchor component="button" type="button" size="sm" onClick={onOpen}>
            {d.openImage}
          </Anchor>
        </Group>
        {item.description && (
          <Text size="sm" c="dimmed" lineClamp={3}>
            {item.description}
          </Text>
        )}
        {item.tags.length > 0 && (
          <Group gap={4} aria-label={t.tags} role="group">
            {item.tags.slice(0, 12).map((tag) => (
              <Badge key={tag} variant="default" tt="none" fw={400}>
                {tag}
              </Badge>
            ))}
          </Group>
        )}
      </Stack>
      <Textarea
        ref={field}
        label={t.alt}
        description={d.altHint}
        placeholder={isDecorative ? d.isDecorative : undefined}
        value={text}
        onChange={(event) => change(event.currentTarget.value)}
        error={isTooLong ? d.tooLong(MOST) : isMissing && d.emptyAlt}
        autosize
        minRows={4}
        maxRows={12}
        enterKeyHint="next"
        aria-describedby="alt-length"
      />
      <Text id="alt-length" size="xs" c="dimmed" className={classes.length}>
        {d.characters(length, MOST)}
        {length > LONG && ` · ${d.long}`}
      </Text>
      {suggestion.isOn && <SuggestionBox suggestion={suggestion} onUse={takeOver} />}
      {trouble?.kind === 'conflict' && (
        <Alert color="orange" role="alert">
          <Stack gap="xs">
            {trouble.theirs === '' ? (
              <Text size="sm">{d.conflictDecorative}</Text>
            ) : (
              <>
                <Text size="sm">{d.conflict}</Text>
                <Text size="sm" component="blockquote" className={classes.theirs}>
                  {trouble.theirs}
                </Text>
              </>
            )}
            <Text size="sm">{d.yoursReplaces}</Text>
            <div>
              <Button size="compact-sm" variant="default" onClick={onKeepTheirs}>
                {d.keepTheirs}
              </Button>
            </div>
          </Stack>
        </Alert>
      )}
      {trouble?.kind === 'refused' && (
        <Alert color="red" role="alert">
          {explainRefusal(trouble.error, t)}
        </Alert>
      )}
      <div className={classes.actions}>
        <Button type="submit" className={classes.wide} rightSection={<Key>{d.key.enter}</Key>}>
          {d.saveNext}
        </Button>
        <Button variant="default" onClick={onBack} disabled={!canGoBack}>
          {d.previous}
        </Button>
        <Button variant="default" onClick={onSkip}>
          {d.skip}
        </Button>
        <Button variant="default" className={classes.wide} onClick={() => onSave('')}>
          {d.decorative}
        </Button>
      </div>
      <KeyList
        className={classes.keys}
        ways={[
          [d.saveNext, [d.key.enter]],
          [d.decorative, [command, d.key.shift, d.key.enter]],
          [d.skip, [d.key.pageDown]],
          [d.previous, [d.key.pageUp]],
          ...(suggestion.isOn ? ([[d.takeSuggestion, [d.key.alt, d.key.enter]]] as const) : []),
        ]}
      />
    </form>
  )
}

/** The key of a button, for the eye only. */
const Key = ({ children }: { children: string }) => (
  <span className={classes.key} aria-hidden>
    {children}
  </span>
)
