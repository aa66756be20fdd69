import { Alert, Button, Group, Stack, TextInput } from '@mantine/core'
import { useWindowEvent } from '@mantine/hooks'
import { useQueryClient } from '@tanstack/react-query'
import { type RefObject, useRef } from 'react'
import type { MediaItem } from '../api/client'
import { useMessages } from '../messages/messages'
import { usePermission } from '../session/session'
import { CollectionsField } from './collections-field'
import { FocusField } from './focus-field'
import classes from './item.module.css'
import { useItemEdit } from './item-edit'
import { isElsewhere } from './item-keys'
import { itemQuery } from './item-query'
import { AltField, OtherFields } from './item-texts'
import { TagsField } from './tags-field'
import { useDraft } from './use-draft'

interface ItemFormProps {
  item: MediaItem
  /** False in the trash, where the server changes nothing. */
  isEditable: boolean
  dialog: RefObject<HTMLElement | null>
  /** True if the item was deleted meanwhile. The form then only keeps the input. */
  isGone: boolean
  /** Called with whether there are unsaved changes. */
  onChange: (isChanged: boolean) => void
}

/** A form for what people write about an image. It sends nothing before the user saves. */
export function ItemForm({ item, isEditable, dialog, isGone, onChange }: ItemFormProps) {
  const { t } = useMessages()
  const mayEdit = usePermission('edit-media') && isEditable
  const client = useQueryClient()
  const nameField = useRef<HTMLInputElement>(null)
  const { save, forget, isSaving, refusal, refused, isConflict } = useItemEdit(item)
  const { draft, isChanged, change, take, set, rebase, clear } = useDraft(item, refused, onChange)
  const { tagText, ...shown } = { ...item, ...draft }

  /** Takes the focus from a button that is about to disappear. */
  const focusName = () => nameField.current?.focus({ preventScroll: true })
  const submit = () => {
    if (!mayEdit || !isChanged || isSaving) return
    if (document.activeElement?.matches('button')) focusName()
    const taken = take()
    const sent = { ...taken.edit, tagText: '', revision: taken.revision }
    set(sent)
    save(taken, {
      // Keeps input that is typed meanwhile.
      onSuccess: ({ data: { media } }) => void (clear(sent) || rebase(media.revision)),
    })
  }
  /** Shows the item as it is now, below what was typed. The next save then replaces it. */
  const reload = async () => {
    focusName()
    try {
      const { media } = await client.fetchQuery({ ...itemQuery(item.id), staleTime: 0 })
      forget()
      rebase(media.revision)
    } catch {
      // The message stays, and with it the button.
    }
  }
  const discard = () => {
    focusName()
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
  const trouble = isGone ? `${t.gone} ${t.goneTyped}` : refusal
  const canSave = mayEdit && (isChanged || isSaving)
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
        value={shown.name}
        onChange={(event) => change({ name: event.currentTarget.value })}
        readOnly={!mayEdit}
        variant={mayEdit ? 'default' : 'unstyled'}
      />
      <AltField alt={shown.alt} onChange={(alt) => change({ alt })} mayEdit={mayEdit} />
      <TagsField
        label={t.tags}
        value={shown.tags}
        onChange={(changed) => change({ tags: changed })}
        text={tagText}
        onText={(text) => change({ tagText: text })}
        readOnly={!mayEdit}
        variant={mayEdit ? 'default' : 'unstyled'}
      />
      <CollectionsField
        value={shown.collections}
        onChange={(collections) => change({ collections })}
        mayEdit={mayEdit}
      />
      {mayEdit && (
        <FocusField item={item} value={shown.focus} onChange={(focus) => change({ focus })} />
      )}
      <OtherFields shown={shown} onChange={change} mayEdit={mayEdit} />
      {(trouble || canSave) && (
        // Together, so that the reason is in sight wherever the user has scrolled to.
        <Stack className={classes.actions} gap="xs">
          {trouble && (
            <Alert color="red" role="alert">
              {trouble}
              {isConflict && !isGone && (
                <Button
                  mt="xs"
                  size="compact-sm"
                  variant="default"
                  display="block"
                  onClick={reload}
                >
                  {t.loadCurrent}
                </Button>
              )}
            </Alert>
          )}
          {canSave && (
            <Group>
              <Button type="submit" loading={isSaving}>
                {t.save}
              </Button>
              <Button variant="default" disabled={isSaving} onClick={discard}>
                {t.discard}
              </Button>
            </Group>
          )}
        </Stack>
      )}
    </form>
  )
}
