import type { toolsEn } from './tools-en'

export const toolsDe: typeof toolsEn = {
  focusName: 'Fokuspunkt im Bild',
  focusHint:
    'Klicken oder ziehen, oder mit den Pfeiltasten verschieben (mit Umschalt in größeren Schritten). Die Taste Entf entfernt den Punkt.',
  clearFocus: 'Entfernen',
  crop: (across, down) => `Zuschnitt auf ${across} zu ${down}`,
  noCrops: 'Ohne Punkt behalten Zuschnitte den Teil des Bildes, der am meisten hervorsticht.',

  size: 'Größe in Pixeln',
  format: 'Format',
  formats: { webp: 'WebP', jpg: 'JPEG', png: 'PNG', auto: 'Passend zum Browser' },
  copyLink: 'Link kopieren',
  copyMarkdown: 'Als Markdown kopieren',
  copyHtml: 'Als HTML in allen Größen kopieren',
  presets: 'Links mit Voreinstellungen',
  copyPreset: (name) => `Link kopieren, Voreinstellung ${name}`,

  versions: 'Versionen',
  version: (number) => `Version ${number}`,
  present: 'aktuell',
  restoreVersion: (number) => `Version ${number} wiederherstellen`,
  restored: 'Die Version wurde wiederhergestellt.',
  replace: 'Datei ersetzen …',
  replaced: (name) => `Die Datei von „${name}“ wurde ersetzt.`,
  notReplaced: 'Die Datei wurde nicht ersetzt.',

  any: 'Beliebig',
  ratingFrom: (stars) =>
    stars === 5 ? '5 Sterne' : `ab ${stars === 1 ? '1 Stern' : `${stars} Sternen`}`,
}
