import { NewToken } from './new-token'
import { PasswordForm } from './password-form'
import { Sessions } from './sessions'
import { Tokens } from './tokens'

/** The account of the signed-in user. */
export function OwnAccount() {
  return (
    <>
      <PasswordForm />
      <Sessions owner="own" />
      <Tokens owner="own" actions={<NewToken />} />
    </>
  )
}
