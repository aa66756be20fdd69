import { NewToken } from './new-token'
import { PasswordForm } from './password-form'
import { Sessions } from './sessions'
import { Tokens } from './tokens'

/** What belongs to who is signed in. */
export function OwnAccount() {
  return (
    <>
      <PasswordForm />
      <Sessions owner="own" />
      <Tokens owner="own" actions={<NewToken />} />
    </>
  )
}
