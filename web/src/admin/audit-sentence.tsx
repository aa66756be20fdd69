import { Anchor } from '@mantine/core'
import { queryFor } from '../media/view'
import { useAccountMessages } from '../messages/accounts'
import { type AuditEvent, IMAGE } from './audit-event'

interface AuditSentenceProps {
  sentence: string
  event: AuditEvent
  /** True for an image that is not in the library any more. */
  isGone: boolean
  onItem: (id: number) => void
}

/** What happened, in words; an image that is still there can be opened from here. */
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
            // To another tab, as with any link.
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
