import { useAccountMessages } from '../messages/accounts'
import { useMessages } from '../messages/messages'

/** A date and time in the user's locale. Shows “Never” for null. */
export function Time({ at, isDay }: { at: string | null; isDay?: boolean }) {
  const { locale } = useMessages()
  const { never } = useAccountMessages()
  if (at === null) return never
  const format = new Intl.DateTimeFormat(locale, {
    dateStyle: 'medium',
    ...(!isDay && { timeStyle: 'short' }),
  })
  return <time dateTime={at}>{format.format(new Date(at))}</time>
}
