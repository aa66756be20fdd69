import {
  Alert,
  Button,
  Checkbox,
  Group,
  Modal,
  NativeSelect,
  Stack,
  Text,
  TextInput,
} from '@mantine/core'
import { type FormEvent, useEffect, useRef, useState } from 'react'
import { api, call } from '../api/client'
import { copyText } from '../copy-text'
import { explainRefusal } from '../media/item-edit'
import { useAccountMessages } from '../messages/accounts'
import { useMessages } from '../messages/messages'
import { useSession } from '../session/session'
import classes from './account.module.css'
import { useChange } from './queries'

const DAYS = [7, 30, 90, 365]
const USUAL_DAYS = 90
/** Not offered for tokens: a leaked token must not be able to change what administrators set up. */
const isOffered = (permission: string) => !permission.startsWith('manage-')

/** A button that opens the form for a new token. The dialog then shows the token. */
export function NewToken() {
  const words = useAccountMessages()
  const { t } = useMessages()
  const [isOpen, setIsOpen] = useState(false)
  const [secret, setSecret] = useState<string>()
  const close = () => {
    setIsOpen(false)
    setSecret(undefined)
  }
  return (
    <>
      <Button onClick={() => setIsOpen(true)}>{words.newToken}</Button>
      <Modal
        opened={isOpen}
        onClose={close}
        centered
        title={secret === undefined ? words.newToken : words.yourToken}
        closeButtonProps={{ 'aria-label': t.close }}
        // The token is shown only here, so only an explicit confirmation closes the dialog.
        withCloseButton={secret === undefined}
        closeOnEscape={secret === undefined}
        closeOnClickOutside={secret === undefined}
      >
        {secret === undefined ? (
          <TokenForm onMade={setSecret} onCancel={close} />
        ) : (
          <Secret secret={secret} onKept={close} />
        )}
      </Modal>
    </>
  )
}

interface TokenFormProps {
  onMade: (secret: string) => void
  onCancel: () => void
}

function TokenForm({ onMade, onCancel }: TokenFormProps) {
  const words = useAccountMessages()
  const { t } = useMessages()
  const own = useSession().data?.permissions ?? []
  const [name, setName] = useState('')
  const [permissions, setPermissions] = useState(['view-media'])
  const [days, setDays] = useState(USUAL_DAYS)
  const { mutate, isPending, error } = useChange({
    isForm: true,
    change: (body: { name: string; permissions: string[]; days: number }) =>
      call(api.POST('/auth/tokens', { body })),
  })
  const refusal = error && explainRefusal(error, t)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    mutate({ name, permissions, days }, { onSuccess: ({ data }) => onMade(data.secret) })
  }
  return (
    <form onSubmit={submit}>
      <Stack>
        {refusal && (
          <Alert color="red" role="alert">
            {refusal}
          </Alert>
        )}
        <TextInput
          label={words.tokenName}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          maxLength={100}
          required
          withAsterisk={false}
          autoComplete="off"
          data-autofocus
        />
        <Checkbox.Group label={words.mayDo} value={permissions} onChange={setPermissions}>
          <Stack gap="xs" mt={4}>
            {own.filter(isOffered).map((permission) => (
              <Checkbox
                key={permission}
                value={permission}
                label={words.permissions[permission] ?? permission}
              />
            ))}
          </Stack>
        </Checkbox.Group>
        <NativeSelect
          label={words.goodFor}
          value={String(days)}
          onChange={(event) => setDays(Number(event.currentTarget.value))}
          data={DAYS.map((count) => ({ value: String(count), label: words.days(count) }))}
        />
        <Group justify="flex-end">
          <Button variant="default" onClick={onCancel}>
            {t.cancel}
          </Button>
          <Button type="submit" loading={isPending} disabled={permissions.length === 0}>
            {words.makeToken}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}

function Secret({ secret, onKept }: { secret: string; onKept: () => void }) {
  const words = useAccountMessages()
  const { t } = useMessages()
  const [said, setSaid] = useState('')
  const copyButton = useRef<HTMLButtonElement>(null)
  // The form has disappeared, and the focus with it.
  useEffect(() => copyButton.current?.focus(), [])
  return (
    <Stack>
      <Text size="sm">{words.tokenOnce}</Text>
      <div className={classes.secret} data-testid="secret">
        {secret}
      </div>
      <Text size="sm" role="status">
        {said}
      </Text>
      <Group justify="flex-end">
        <Button
          ref={copyButton}
          variant="default"
          onClick={async () => setSaid((await copyText(secret)) ? t.copied : t.copyByHand)}
        >
          {words.copy}
        </Button>
        <Button onClick={onKept}>{words.tokenKept}</Button>
      </Group>
    </Stack>
  )
}
