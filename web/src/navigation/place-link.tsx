import { useLocalStorage } from '@mantine/hooks'
import { type ReactNode, useId } from 'react'
import { OpenedIcon } from '../icons'
import { isAt, type Place, placeQuery, useView, WHOLE } from '../media/view'
import { useMessages } from '../messages/messages'
import classes from './navigation.module.css'

interface NavigationSectionProps {
  /** By which this browser remembers whether it is open. */
  name: string
  title: string
  /** A button beside the title. */
  action?: ReactNode
  children: ReactNode
}

/** A part with a title that opens and closes it. */
export function NavigationSection({ name, title, action, children }: NavigationSectionProps) {
  const [isOpen, setIsOpen] = useLocalStorage({
    key: `vitrine-navigation-${name}`,
    defaultValue: true,
    getInitialValueInEffect: false,
  })
  const id = useId()
  return (
    <section className={classes.section} aria-labelledby={id}>
      <div className={classes.sectionHead}>
        <h2 id={id} className={classes.sectionTitle}>
          <button type="button" aria-expanded={isOpen} onClick={() => setIsOpen(!isOpen)}>
            <span className={classes.arrow} data-open={isOpen || undefined}>
              <OpenedIcon />
            </span>
            {title}
          </button>
        </h2>
        {isOpen && action}
      </div>
      {isOpen && children}
    </section>
  )
}

interface PlaceLinkProps {
  place: Place
  /** How many images are there, if that is known. */
  count?: number | null | undefined
  children: ReactNode
  onChoose?: () => void
  /** In front of the link: what opens and closes the places within this one. */
  before?: ReactNode
  /** A button for the place, at its end. */
  beside?: ReactNode
  /** Below the link: places within this one. */
  below?: ReactNode
}

/** A link to a place. A click with a modifier opens it elsewhere, as browsers do. */
export function PlaceLink({
  place,
  count,
  children,
  onChoose,
  before,
  beside,
  below,
}: PlaceLinkProps) {
  const { locale } = useMessages()
  const { search, filters, setView } = useView()
  const isHere = isAt({ search, filters }, place)
  return (
    <li>
      <div className={classes.place} data-here={isHere || undefined}>
        {before}
        <a
          href={placeQuery(place) || '?'}
          aria-current={isHere ? 'page' : undefined}
          className={classes.link}
          onClick={(event) => {
            if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return
            event.preventDefault()
            void setView({ ...WHOLE, ...place }, { history: 'push' })
            onChoose?.()
          }}
        >
          <span className={classes.name}>{children}</span>
          {typeof count === 'number' && (
            <span className={classes.count}>{count.toLocaleString(locale)}</span>
          )}
        </a>
        {beside}
      </div>
      {below}
    </li>
  )
}
