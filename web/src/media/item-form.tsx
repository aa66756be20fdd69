import { Alert, Button, Group, Stack, TextInput } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import { ApiError, api, call, type MediaItem } from '../api/client'
import { useMessages } from '../messages/messages'
import { usePermission } from '../session/session'
import { useRefresh } from './queries'
import { TagsField } from './tags-field'

/** Name and tags in place; nothing is sent before it is saved. */
export function ItemForm({
  item,
  onChange,
}: {
  item: MediaItem
  onChange: (changed: boolean) => void
}) {
  const { t } = useMessages()
  const mayEdit = usePermission('edit-media')
  const refresh = useRefresh()
  const nameField = useRef<HTMLInputElement>(null)
  const [name, setName] = useState(item.name)
  const [tags, setTags] = useState(item.tags)
  const isChanged = name !== item.name || tags.join('\n') !== item.tags.join('\n')
  useEffect(() => onChange(isChanged), [isChanged, onChange])
  useEffect(() => () => onChange(false), [onChange])

  const { mutate, isPending, error } = useMutation({
    mutationFn: () =>
      call(
        api.POST('/media/edit/{id}', {
          params: { path: { id: item.id } },
          body: { name, tags },
        }),
      ),
    onSuccess: async () => {
      await refresh()
      notifications.show({ message: t.saved, color: 'green' })
    },
  })

  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        // The buttons go when all is saved; the focus must not go with them.
        if (document.activeElement?.matches('button')) nameField.current?.focus()
        mutate()
      }}
    >
      <Stack gap="sm">
        <TextInput
          ref={nameField}
          label={t.name}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          readOnly={!mayEdit}
        />
        <TagsField label={t.tags} value={tags} onChange={setTags} readOnly={!mayEdit} />
        {error && (
          <Alert color="red" role="alert">
            {error instanceof ApiError ? (error.detail ?? error.message) : t.unreachable}
          </Alert>
        )}
        {mayEdit && isChanged && (
          <Group>
            <Button type="submit" loading={isPending}>
              {t.save}
            </Button>
            <Button
              variant="default"
              onClick={() => {
                nameField.current?.focus()
                setName(item.name)
                setTags(item.tags)
              }}
            >
              {t.discard}
            </Button>
          </Group>
        )}
      </Stack>
    </form>
  )
}
