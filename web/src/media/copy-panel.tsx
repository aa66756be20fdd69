import { Button, Divider, Group, NativeSelect, Stack, Text, Textarea } from '@mantine/core'
import { modals } from '@mantine/modals'
import { useState } from 'react'
import { copyText } from '../copy-text'
import { useMessages } from '../messages/messages'
import { useToolMessages } from '../messages/tools'
import { notify } from '../notify'
import classes from './copy.module.css'
import { explainRefusal } from './item-edit'
import type { KnownItem } from './item-query'
import { FORMATS, type Format, listWidths, toMarkdown } from './links'
import { useAddresses, useHtml, usePresets } from './use-addresses'

/** Wide enough for a column of text on a dense screen, in pixels. */
const USUAL_WIDTH = 1600

interface CopyPanelProps {
  item: KnownItem
  /** Called before another dialog opens. */
  onClose: () => void
}

/** Copies what shows the image elsewhere: links at a size or of a preset, Markdown and HTML. */
export function CopyPanel({ item, onClose }: CopyPanelProps) {
  const { t } = useMessages()
  const m = useToolMessages()
  const widths = listWidths(item)
  const usual = widths.find(({ step }) => step >= USUAL_WIDTH) ?? widths.at(-1)
  const [chosen, setChosen] = useState<number>()
  const [format, setFormat] = useState<Format>('webp')
  const step = chosen ?? usual?.step
  // While the item is being loaded, its widths are not known.
  const isSized = widths.length > 0 || !item.urls.srcset
  const link = useAddresses(item, [isSized ? `w_${step}.${format}` : 'high'])
  const presets = usePresets()
  const presetLinks = useAddresses(
    item,
    presets.map(({ name }) => `${name}.${format}`),
  )
  const html = useHtml(item)
  const error = link.error ?? html.error

  const copy = async (label: string, text: string) => {
    if (await copyText(text)) {
      notify(t.copied, { autoClose: 2000 })
      return
    }
    onClose()
    showText(label, text, t.copyByHand, t.close)
  }
  const address = link.data?.[0]
  const texts = [
    [m.copyLink, address],
    [m.copyMarkdown, address && toMarkdown(item, address)],
    [m.copyHtml, html.data],
  ] as const
  return (
    <Stack gap="xs">
      {isSized && (
        <Group grow gap="xs">
          <NativeSelect
            size="xs"
            label={m.size}
            value={step}
            onChange={(event) => setChosen(Number(event.currentTarget.value))}
            data={widths.map(({ step: value, width, height }) => ({
              value: `${value}`,
              label: `${width} × ${height}`,
            }))}
          />
          <NativeSelect
            size="xs"
            label={m.format}
            value={format}
            onChange={(event) => {
              const next = FORMATS.find((known) => known === event.currentTarget.value)
              if (next) setFormat(next)
            }}
            data={FORMATS.map((value) => ({ value, label: m.formats[value] }))}
          />
        </Group>
      )}
      {texts.map(([label, text]) => (
        <Button
          key={label}
          variant="default"
          size="xs"
          fw={500}
          disabled={text === undefined}
          onClick={() => text !== undefined && copy(label, text)}
        >
          {label}
        </Button>
      ))}
      {presets.length > 0 && (
        <section aria-label={m.presets}>
          <Divider label={m.presets} labelPosition="left" mb={6} />
          <div className={classes.presets}>
            {presets.map(({ name }, index) => {
              const text = presetLinks.data?.[index]
              return (
                <Button
                  key={name}
                  variant="default"
                  size="compact-xs"
                  fw={500}
                  disabled={text === undefined}
                  aria-label={m.copyPreset(name)}
                  onClick={() => text !== undefined && copy(m.copyPreset(name), text)}
                >
                  {name}
                </Button>
              )
            })}
          </div>
        </section>
      )}
      {error && (
        <Text size="xs" c="red" role="alert">
          {explainRefusal(error, t)}
        </Text>
      )}
    </Stack>
  )
}

/** A dialog with the text, to be copied by hand. */
function showText(label: string, text: string, hint: string, close: string) {
  modals.open({
    title: label,
    closeButtonProps: { 'aria-label': close },
    children: (
      <Stack gap="xs">
        <Text size="sm">{hint}</Text>
        <Textarea
          aria-label={label}
          value={text}
          readOnly
          autosize
          data-autofocus
          onFocus={(event) => event.currentTarget.select()}
        />
      </Stack>
    ),
  })
}
