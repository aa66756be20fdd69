import { Alert, Button, Group, TextInput } from '@mantine/core'
import { useEffect, useRef, useState } from 'react'
import type { MediaItem } from '../api/client'
import { useMessages } from '../messages/messages'
import { usePermission } from '../session/session'
import classes from './item.module.css'
import { type Edit, useItemEdit } from './item-edit'
import { TagsField } from './tags-field'

interface ItemFormProps {
  item: MediaItem
  /** Deleted meanwhile: what was typed is all that is left. */
  isGone: boolean
  /** Told whether something typed is not saved. */
  onChange: (isChanged: boolean) => void
}

/** Name and tags in place; nothing is sent before it is saved. */
export function ItemForm({ item, isGone, onChange }: ItemFormProps) {
  const { t } = useMessages()
  const mayEdit = usePermission('edit-media')
  const nameField = useRef<HTMLInputElement>(null)
  const { save, forget, isSaving, refusal, refused } = useItemEdit(item)
  const [draft, setDraft] = useState<Partial<Edit>>(refused ?? {})
  /** Typed, and not a tag yet. */
  const [tagText, setTagText] = useState('')
  const { name, tags } = { ...item, ...draft }
  const isChanged =
    name !== item.name || tags.join('\n') !== item.tags.join('\n') || tagText.trim() !== ''
  useEffect(() => onChange(isChanged), [isChanged, onChange])
  useEffect(() => () => onChange(false), [onChange])

  const submit = () => {
    if (!mayEdit || !isChanged || isSaving) return
    // The buttons go when all is saved; the focus must not go with them.
    if (document.activeElement?.matches('button')) nameField.current?.focus()
    const typed = tagText.split(',').map((tag) => tag.trim())
    const edit = { name, tags: [...tags, ...typed.filter((tag) => tag !== '')] }
    setTagText('')
    setDraft(edit)
    // What is typed meanwhile stays.
    save(edit, { onSuccess: () => setDraft((current) => (current === edit ? {} : current)) })
  }
  const discard = () => {
    nameField.current?.focus()
    forget()
    setTagText('')
    setDraft({})
  }
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
        onChange={(event) => setDraft({ ...draft, name: event.currentTarget.value })}
        readOnly={!mayEdit}
        variant={mayEdit ? 'default' : 'unstyled'}
      />
      <TagsField
        label={t.tags}
        value={tags}
        onChange={(changed) => setDraft({ ...draft, tags: changed })}
        text={tagText}
        onText={setTagText}
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
