import { Alert, Button, Group, Modal, Stack } from '@mantine/core'
import type { ReactNode } from 'react'
import { explainRefusal } from '../media/item-edit'
import { useMessages } from '../messages/messages'

interface FormDialogProps {
  title: string
  /** Label of the submit button. */
  submit: string
  error: Error | null
  isPending: boolean
  onSubmit: () => void
  onClose: () => void
  children: ReactNode
}

/** A form in a dialog. It shows the reason if the server refuses it. */
export function FormDialog(props: FormDialogProps) {
  const { title, submit, error, isPending, onSubmit, onClose, children } = props
  const { t } = useMessages()
  const refusal = error && explainRefusal(error, t)
  return (
    <Modal
      opened
      onClose={onClose}
      centered
      title={title}
      closeButtonProps={{ 'aria-label': t.close }}
      // A click beside the dialog must not lose the input.
      closeOnClickOutside={false}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault()
          onSubmit()
        }}
      >
        <Stack>
          {refusal && (
            <Alert color="red" role="alert">
              {refusal}
            </Alert>
          )}
          {children}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t.cancel}
            </Button>
            <Button type="submit" loading={isPending}>
              {submit}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
