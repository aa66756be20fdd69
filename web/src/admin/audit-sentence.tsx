import { Anchor } from '@mantine/core'
import { queryFor } from '../media/view'
import { useAccountMessages } from '../messages/accounts'
import { type AuditEvent, IMAGE } from './audit-event'

interface AuditSentenceProps {
  sentence: string
  event: AuditEvent
  /** True if the image has been deleted. */
  isGone: boolean
  onItem: (id: number) => void
}

/** An audit entry as a sentence. The name of an image that still exists is a link to it. */
export function AuditSentence({ sentence, event, isGone, onItem }: AuditSentenceProps) {
  const words = useAccountMessages()
  const { imageId, imageName } = event
  const [before = '', after] = sentence.split(IMAGE)
  if (after === undefined || imageId === undefined) return sentence
  const name = imageName === undefined ? words.imageNumber(imageId) : words.imageNamed(imageName)
  return (
    <>
      {before}
      {isGone ? (
        name
      ) : (
        <Anchor
          href={queryFor({ open: imageId })}
          inherit
          underline="always"
          onClick={(event) => {
            // The browser opens a new tab or window, as for any link.
            if (event.ctrlKey || event.metaKey || event.shiftKey) return
            event.preventDefault()
            onItem(imageId)
          }}
        >
          {name}
        </Anchor>
      )}
      {after}
    </>
  )
}
