import { Checkbox, Input, Rating, Textarea, TextInput } from '@mantine/core'
import { useMessages } from '../messages/messages'
import type { Edit } from './item-edit'

interface AltFieldProps {
  /** Null if nobody has written one yet; "" for a decorative image. */
  alt: string | null
  onChange: (alt: string | null) => void
  mayEdit: boolean
}

/** The alternative text, with a hint what makes a good one, and a box for images that need none. */
export function AltField({ alt, onChange, mayEdit }: AltFieldProps) {
  const { t } = useMessages()
  const isDecorative = alt === ''
  if (!mayEdit) {
    return (
      <Textarea
        label={t.alt}
        value={alt === null ? t.altMissing : isDecorative ? t.altDecorative : alt}
        readOnly
        autosize
        variant="unstyled"
      />
    )
  }
  return (
    <div>
      <Textarea
        label={t.alt}
        description={t.altHint}
        placeholder={isDecorative ? t.altDecorative : t.altMissing}
        value={alt ?? ''}
        onChange={(event) => onChange(event.currentTarget.value || null)}
        readOnly={isDecorative}
        autosize
        minRows={2}
        maxRows={6}
      />
      <Checkbox
        mt={6}
        size="xs"
        label={t.decorative}
        checked={isDecorative}
        onChange={(event) => onChange(event.currentTarget.checked ? '' : null)}
      />
    </div>
  )
}

interface OtherFieldsProps {
  shown: Edit
  onChange: (changes: Partial<Edit>) => void
  mayEdit: boolean
}

/** Description, rights and rating. Whoever may not edit them sees only those that are there. */
export function OtherFields({ shown, onChange, mayEdit }: OtherFieldsProps) {
  const { t } = useMessages()
  const look = mayEdit ? {} : { readOnly: true, variant: 'unstyled' }
  const lines = (['credit', 'copyright', 'source'] as const).filter(
    (field) => mayEdit || shown[field] !== null,
  )
  return (
    <>
      {(mayEdit || shown.description !== null) && (
        <Textarea
          label={t.description}
          value={shown.description ?? ''}
          onChange={(event) => onChange({ description: event.currentTarget.value || null })}
          autosize
          minRows={2}
          maxRows={10}
          {...look}
        />
      )}
      {lines.map((field) => (
        <TextInput
          key={field}
          label={t[field]}
          value={shown[field] ?? ''}
          onChange={(event) => onChange({ [field]: event.currentTarget.value || null })}
          {...look}
        />
      ))}
      {(mayEdit || shown.rating > 0) && (
        <Input.Wrapper label={t.rating} labelElement="div">
          <Rating
            role={mayEdit ? 'radiogroup' : 'img'}
            aria-label={mayEdit ? t.rating : t.stars(shown.rating)}
            value={shown.rating}
            onChange={(rating) => onChange({ rating })}
            readOnly={!mayEdit}
            allowClear
            getSymbolLabel={t.stars}
          />
        </Input.Wrapper>
      )}
    </>
  )
}
