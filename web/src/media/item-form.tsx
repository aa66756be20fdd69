import { Alert, Button, Group, TextInput } from '@mantine/core'
import { useWindowEvent } from '@mantine/hooks'
import { type RefObject, useRef } from 'react'
import type { MediaItem } from '../api/client'
import { useMessages } from '../messages/messages'
import { usePermission } from '../session/session'
import classes from './item.module.css'
import { useItemEdit } from './item-edit'
import { isElsewhere } from './item-keys'
import { TagsField } from './tags-field'
import { useDraft } from './use-draft'

interface ItemFormProps {
  item: MediaItem
  dialog: RefObject<HTMLElement | null>
  /** True if the item was deleted meanwhile. The form then only keeps the input. */
  isGone: boolean
  /** Called with whether there are unsaved changes. */
  onChange: (isChanged: boolean) => void
}

/** A form for name and tags. It sends nothing before the user saves. */
export function ItemForm({ item, dialog, isGone, onChange }: ItemFormProps) {
  const { t } = useMessages()
  const mayEdit = usePermission('edit-media')
  const nameField = useRef<HTMLInputElement>(null)
  const { save, forget, isSaving, refusal, refused } = useItemEdit(item)
  const { draft, isChanged, change, take, set, clear } = useDraft(item, refused, onChange)
  const { name, tags, tagText } = { ...item, ...draft }

  const submit = () => {
    if (!mayEdit || !isChanged || isSaving) return
    // The buttons disappear after saving, and must not take the focus with them.
    if (document.activeElement?.matches('button')) nameField.current?.focus()
    const edit = take()
    const sent = { ...edit, tagText: '' }
    set(sent)
    // Keeps input that is typed meanwhile.
    save(edit, { onSuccess: () => clear(sent) })
  }
  const discard = () => {
    nameField.current?.focus()
    forget()
    clear()
  }
  useWindowEvent('keydown', (event) => {
    const { key, ctrlKey, metaKey, altKey, target } = event
    if (key.toLowerCase() !== 's' || !(ctrlKey || metaKey) || altKey) return
    if (!(target instanceof Element) || isElsewhere(target, dialog.current)) return
    // Instead of saving the page.
    event.preventDefault()
    submit()
  })
  return (
    <form
      className={classes.form}
      onSubmit={(event) => {
        event.preventDefault()
        submit()
      }}
    >
      <TextInput
        ref={nameField}
        label={t.name}
        value={name}
        onChange={(event) => change({ name: event.currentTarget.value })}
        readOnly={!mayEdit}
        variant={mayEdit ? 'default' : 'unstyled'}
      />
      <TagsField
        label={t.tags}
        value={tags}
        onChange={(changed) => change({ tags: changed })}
        text={tagText}
        onText={(text) => change({ tagText: text })}
        readOnly={!mayEdit}
        variant={mayEdit ? 'default' : 'unstyled'}
      />
      {(isGone || refusal) && (
        <Alert color="red" role="alert">
          {isGone ? `${t.gone} ${t.goneTyped}` : refusal}
        </Alert>
      )}
      {mayEdit && (isChanged || isSaving) && (
        <Group className={classes.actions}>
          <Button type="submit" loading={isSaving}>
            {t.save}
          </Button>
          <Button variant="default" disabled={isSaving} onClick={discard}>
            {t.discard}
          </Button>
        </Group>
      )}
    </form>
  )
}
