import { useEffect, useState } from 'react'
import { useMessages } from '../messages/messages'
import { useFileService, usePermission, useSession } from '../session/session'

/** Whether the signed-in user can add images on this server, and if not, the reason. */
export function useUploadService() {
  const { t } = useMessages()
  const { data: user } = useSession()
  const mayAddNow = usePermission('add-media')
  const isServed = useFileService()
  const [mayAdd, setMayAdd] = useState(mayAddNow)
  // Keep the last value while the user signs in again, so that the page and its focus stay.
  useEffect(() => {
    if (user) setMayAdd(mayAddNow)
  }, [user, mayAddNow])
  const refusal = !mayAdd ? t.mayNotAdd : isServed === false ? t.uploadsElsewhere : undefined
  return { mayAdd, isServed, refusal }
}
