import { useEffect, useState } from 'react'
import { useMessages } from '../messages/messages'
import { useFileService, usePermission, useSession } from '../session/session'

/** Whether images can be added here by who is signed in, and if not, why. */
export function useUploadService() {
  const { t } = useMessages()
  const { data: user } = useSession()
  const mayAddNow = usePermission('add-media')
  const isServed = useFileService()
  const [mayAdd, setMayAdd] = useState(mayAddNow)
  // Who has to sign in again finds everything, and the focus, where it was.
  useEffect(() => {
    if (user) setMayAdd(mayAddNow)
  }, [user, mayAddNow])
  const refusal = !mayAdd ? t.mayNotAdd : isServed === false ? t.uploadsElsewhere : undefined
  return { mayAdd, isServed, refusal }
}
