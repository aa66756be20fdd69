import { Kbd } from '@mantine/core'
import { useDeskMessages } from './messages/desk'

interface KeyListProps {
  className: string | undefined
  /** What can be done, each with the keys that are pressed together for it. */
  ways: readonly (readonly [does: string, keys: readonly string[]])[]
}

/** The keys of a view. */
export function KeyList({ className, ways }: KeyListProps) {
  const d = useDeskMessages()
  return (
    <dl className={className} aria-label={d.keys}>
      {ways.map(([does, keys]) => (
        <div key={does}>
          <dt>{does}</dt>
          <dd>
            {keys.map((key) => (
              <Kbd key={key} size="xs">
                {key}
              </Kbd>
            ))}
          </dd>
        </div>
      ))}
    </dl>
  )
}
