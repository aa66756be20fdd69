import { ActionIcon } from '@mantine/core'
import { CollapseIcon } from '../icons'
import { useFacets } from '../media/queries'
import { useMessages } from '../messages/messages'
import { useTrash } from '../session/session'
import { Collections, SavedSearches } from './collections'
import { NameMark } from './name-mark'
import classes from './navigation.module.css'
import { NavigationSection, PlaceLink } from './place-link'

/** Tags that are listed. `GET /media/facets` has them by their counts. */
const TAGS = 15

interface NavigationProps {
  /** Called when a place was chosen. */
  onChoose?: () => void
  onCollapse: () => void
}

/** Leads to the parts of the library, with how many images each has. */
export function Navigation({ onChoose, onCollapse }: NavigationProps) {
  const { t } = useMessages()
  const facets = useFacets()
  const hasTrash = useTrash() === true
  const choose = { ...(onChoose && { onChoose }) }
  return (
    <nav className={classes.navigation} aria-label={t.navigation}>
      <div className={classes.head}>
        <NameMark />
        <ActionIcon
          variant="subtle"
          color="gray"
          aria-label={t.closeNavigation}
          title={t.closeNavigation}
          onClick={onCollapse}
        >
          <CollapseIcon />
        </ActionIcon>
      </div>
      <ul className={classes.list}>
        <PlaceLink place={{}} count={facets?.total} {...choose}>
          {t.library}
        </PlaceLink>
        <PlaceLink place={{ lacks: 'tags' }} count={facets?.lacks.tags} {...choose}>
          {t.untagged}
        </PlaceLink>
        <PlaceLink place={{ lacks: 'alt' }} count={facets?.lacks.alt} {...choose}>
          {t.withoutAlt}
        </PlaceLink>
        <PlaceLink place={{ reveals: 'position' }} {...choose}>
          {t.revealing}
        </PlaceLink>
        {hasTrash && (
          <PlaceLink place={{ in: 'trash' }} count={facets?.trash} {...choose}>
            {t.trash}
          </PlaceLink>
        )}
      </ul>
      <Collections {...choose} />
      <SavedSearches {...choose} />
      {facets && facets.tags.length > 0 && (
        <NavigationSection name="tags" title={t.tags}>
          <ul className={classes.list}>
            {facets.tags.slice(0, TAGS).map(({ tag, count }) => (
              <PlaceLink key={tag} place={{ tag }} count={count} {...choose}>
                {tag}
              </PlaceLink>
            ))}
          </ul>
        </NavigationSection>
      )}
    </nav>
  )
}
