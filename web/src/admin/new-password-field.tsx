import { Button, PasswordInput, Stack } from '@mantine/core'
import { useState } from 'react'
import { useAccountMessages } from '../messages/accounts'
import { useMessages } from '../messages/messages'
import { generatePassword } from './generate-password'

interface NewPasswordFieldProps {
  value: string
  onChange: (password: string) => void
}

/**
 * A field for another user's password, typed or generated. A generated one is shown in clear text,
 * since the administrator has to pass it on.
 */
export function NewPasswordField({ value, onChange }: NewPasswordFieldProps) {
  const words = useAccountMessages()
  const { t } = useMessages()
  const [isVisible, setIsVisible] = useState(false)
  return (
    <Stack gap="xs">
      <PasswordInput
        label={t.password}
        description={words.passwordRule}
        value={value}
        onChange={(event) => onChange(event.currentTarget.value)}
        visible={isVisible}
        onVisibilityChange={setIsVisible}
        autoComplete="new-password"
        minLength={8}
        required
        withAsterisk={false}
      />
      <Button
        size="compact-sm"
        variant="default"
        w="fit-content"
        onClick={() => {
          onChange(generatePassword())
          setIsVisible(true)
        }}
      >
        {words.generate}
      </Button>
    </Stack>
  )
}
