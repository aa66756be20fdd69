import { Box, getDefaultZIndex, Modal } from '@mantine/core'
import { useEffect, useState } from 'react'
import { ApiError } from './api/client'
import { Library } from './media/library'
import { Message } from './media/message'
import { useMessages } from './messages/messages'
import { useSession, useSignInPlace } from './session/session'
import { SignIn, SignInScreen } from './session/sign-in'
import { WaitingScreen } from './waiting'

/** Shows the library to a signed-in user, else the sign-in form. */
export function App() {
  const { t } = useMessages()
  const { data: user, isPending, error, refetch } = useSession()
  // Loaded early, so that the sign-in form can appear at once.
  useSignInPlace()
  const [wasSignedIn, setWasSignedIn] = useState(false)
  useEffect(() => {
    if (user) setWasSignedIn(true)
  }, [user])

  if (isPending) {
    return (
      <Box component="main" h="100%">
        <WaitingScreen onRetry={() => location.reload()} />
      </Box>
    )
  }
  if (user === undefined) {
    return (
      <Box component="main" h="100%">
        <Message
          title={t.notOpened}
          text={error instanceof ApiError ? t.serverFault : t.unreachable}
          action={t.tryAgain}
          onAction={() => refetch()}
        />
      </Box>
    )
  }
  if (!user && !wasSignedIn) return <SignInScreen />
  // The library stays mounted behind the form, so that no input is lost.
  return (
    <>
      <Library />
      <Modal.Root
        opened={!user}
        onClose={() => {}}
        closeOnClickOutside={false}
        closeOnEscape={false}
        centered
        // Above every other dialog.
        zIndex={getDefaultZIndex('max')}
      >
        <Modal.Overlay />
        <Modal.Content aria-label={t.signIn}>
          <Modal.Body>
            <SignIn notice={t.sessionOver} />
          </Modal.Body>
        </Modal.Content>
      </Modal.Root>
    </>
  )
}
