import { TagsInput, type TagsInputProps } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useState } from 'react'
import { useTags } from './queries'

/** Maximum number of tags of an item. The server refuses more. */
const MAX_TAGS = 64

type TagsFieldProps = Omit<
  TagsInputProps,
  'data' | 'filter' | 'splitChars' | 'maxTags' | 'searchValue' | 'onSearchChange'
> & {
  /** The typed text that is not a tag yet, if the parent controls it. */
  text?: string
  onText?: (text: string) => void
}

/** A field for tags. It suggests tags in use, and splits a list separated by commas. */
export function TagsField({ text, onText, ...props }: TagsFieldProps) {
  const [ownText, setOwnText] = useState('')
  const typed = text ?? ownText
  const [search] = useDebouncedValue(typed, 150)
  const known = useTags(search.trim(), !props.readOnly)
  return (
    <TagsInput
      {...props}
      searchValue={typed}
      onSearchChange={onText ?? setOwnText}
      data={known}
      // The server has filtered the suggestions already, with better folding than here.
      filter={({ options }) => options}
      splitChars={[',']}
      maxTags={MAX_TAGS}
      clearable={false}
    />
  )
}
