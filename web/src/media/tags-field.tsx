import { TagsInput, type TagsInputProps } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useState } from 'react'
import { useTags } from './queries'

/** More are refused by the server. */
const MAX_TAGS = 64

type TagsFieldProps = Omit<
  TagsInputProps,
  'data' | 'filter' | 'splitChars' | 'maxTags' | 'searchValue' | 'onSearchChange'
> & {
  /** What is typed and not a tag yet, for who wants to know. */
  text?: string
  onText?: (text: string) => void
}

/** Tags as one types them: completed from those in use; a list with commas makes several. */
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
      // The server has searched already, and knows more of letters than a comparison here.
      filter={({ options }) => options}
      splitChars={[',']}
      maxTags={MAX_TAGS}
      clearable={false}
    />
  )
}
