import { expect, it } from 'vitest'
import { listWidths, toMarkdown } from './links'

it('reads the widths of the server', () => {
  const urls = { srcset: '/media/file/k/w_100.webp 100w, /media/file/k/w_900.webp 840w' }
  expect(listWidths({ width: 840, height: 421, urls } as Parameters<typeof listWidths>[0])).toEqual(
    [
      { step: 100, width: 100, height: 50 },
      { step: 900, width: 840, height: 421 },
    ],
  )
})

it('reads widths whose addresses are signed, and none where there are none', () => {
  const read = (srcset: string) =>
    listWidths({ width: 840, height: 420, urls: { srcset } } as Parameters<typeof listWidths>[0])
  const signed = '/media/file/k/w_100,s_0-a_b-c.webp 100w, /media/file/k/w_900,s_0-d.webp 840w'
  expect(read(signed).map(({ step, width }) => [step, width])).toEqual([
    [100, 100],
    [900, 840],
  ])
  expect(read('/media/file/k/scaled.webp 400w, /media/file/k/high.webp 840w')).toEqual([])
})

it('writes Markdown with brackets, line ends and an empty text', () => {
  const write = (alt: string | null) => toMarkdown({ alt, name: 'A [b]' }, '/x')
  expect(write(null)).toBe('![A \\[b\\]](/x)')
  expect(write('One\n\\two')).toBe('![One \\\\two](/x)')
  expect(write('')).toBe('![](/x)')
})
