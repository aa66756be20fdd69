import { Button, Group, Modal, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api, call } from '../api/client'
import { useMessages } from '../messages/messages'
import { notify } from '../notify'
import { explainRefusal } from './item-edit'
import { COLLECTIONS_KEY } from './queries'
import { savedQuery, type View } from './view'

/** A button that keeps the search, the filters and the order of a view under a name. */
export function SaveSearch({ view }: { view: View }) {
  const { t } = useMessages()
  const client = useQueryClient()
  const [isOpen, setIsOpen] = useState(false)
  const [name, setName] = useState('')
  const { mutate, isPending, error, reset } = useMutation({
    mutationFn: (given: string) =>
      call(api.POST('/collections', { body: { name: given, query: savedQuery(view) } })),
    onSuccess: (_answer, given) => {
      notify(t.savedAs(given), { color: 'green' })
      close()
      return client.invalidateQueries({ queryKey: COLLECTIONS_KEY })
    },
  })
  const close = () => {
    setIsOpen(false)
    setName('')
    reset()
  }
  return (
    <>
      <Button size="compact-sm" variant="subtle" onClick={() => setIsOpen(true)}>
        {t.saveSearch}
      </Button>
      <Modal
        opened={isOpen}
        onClose={close}
        title={t.saveSearch}
        centered
        closeButtonProps={{ 'aria-label': t.close }}
      >
        <form
          onSubmit={(event) => {
            event.preventDefault()
            if (name.trim() !== '') mutate(name.trim())
          }}
        >
          <TextInput
            label={t.searchName}
            value={name}
            maxLength={255}
            data-autofocus
            error={error && (explainRefusal(error, t) ?? t.sessionOver)}
            onChange={(event) => {
              reset()
              setName(event.currentTarget.value)
            }}
          />
          <Group justify="flex-end" mt="md">
            <Button variant="default" onClick={close}>
              {t.cancel}
            </Button>
            <Button type="submit" loading={isPending} disabled={name.trim() === ''}>
              {t.save}
            </Button>
          </Group>
        </form>
      </Modal>
    </>
  )
}
