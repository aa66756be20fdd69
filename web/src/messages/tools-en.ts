/** The texts of tools. They are loaded with those tools, not with the first page. */
export const toolsEn = {
  focusName: 'Focal point on the image',
  focusHint:
    'Click or drag, or use the arrow keys (with Shift: larger steps). The Delete key removes the point.',
  clearFocus: 'Remove',
  crop: (across: number, down: number) => `Cropped to ${across} by ${down}`,
  noCrops: 'Without a point, crops keep the part of the image that stands out most.',

  size: 'Size in pixels',
  format: 'Format',
  formats: { webp: 'WebP', jpg: 'JPEG', png: 'PNG', auto: 'Best for the browser' },
  copyLink: 'Copy link',
  copyMarkdown: 'Copy as Markdown',
  copyHtml: 'Copy as HTML, in all sizes',
  presets: 'Links of presets',
  copyPreset: (name: string) => `Copy link, preset ${name}`,

  versions: 'Versions',
  version: (number: number) => `Version ${number}`,
  present: 'current',
  restoreVersion: (number: number) => `Restore version ${number}`,
  restored: 'The version was restored.',
  replace: 'Replace file…',
  replaced: (name: string) => `The file of “${name}” was replaced.`,
  notReplaced: 'The file was not replaced.',

  any: 'Any',
  ratingFrom: (stars: number) =>
    stars === 5 ? '5 stars' : stars === 1 ? '1 star or more' : `${stars} stars or more`,
}
