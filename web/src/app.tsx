import { Button, Center, getDefaultZIndex, Loader, Modal, Stack, Text } from '@mantine/core'
import { useEffect, useState } from 'react'
import { Library } from './media/library'
import { useMessages } from './messages/messages'
import { useSession } from './session/session'
import { SignInForm, SignInScreen } from './session/sign-in'

/** The library for who is signed in; the form for who is not. */
export function App() {
  const { t } = useMessages()
  const { data: user, isPending, isError, refetch } = useSession()
  const [wasSignedIn, setWasSignedIn] = useState(false)
  useEffect(() => {
    if (user) setWasSignedIn(true)
  }, [user])

  if (isPending) {
    return (
      <Center h="100%">
        <Loader aria-label={t.loading} />
      </Center>
    )
  }
  if (isError) {
    return (
      <Center component="main" h="100%" p="md">
        <Stack align="center">
          <Text role="alert">{t.unreachable}</Text>
          <Button onClick={() => refetch()}>{t.tryAgain}</Button>
        </Stack>
      </Center>
    )
  }
  if (!user && !wasSignedIn) return <SignInScreen />
  // The library stays as it is behind the form, so that nothing typed is lost.
  return (
    <>
      <Library />
      <Modal.Root
        opened={!user}
        onClose={() => {}}
        closeOnClickOutside={false}
        closeOnEscape={false}
        centered
        // Over whatever else is open.
        zIndex={getDefaultZIndex('max')}
      >
        <Modal.Overlay />
        <Modal.Content aria-label={t.signIn}>
          <Modal.Body>
            <SignInForm notice={t.sessionOver} />
          </Modal.Body>
        </Modal.Content>
      </Modal.Root>
    </>
  )
}
