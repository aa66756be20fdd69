import type { imagesEn } from './images-en'

export const imagesDe: typeof imagesEn = {
  focusName: 'Fokuspunkt im Bild',
  focusHint:
    'Klicken oder ziehen, oder mit den Pfeiltasten verschieben (mit Umschalt in größeren Schritten). Die Taste Entf entfernt den Punkt.',
  clearFocus: 'Entfernen',
  crop: (across, down) => `Zuschnitt auf ${across} zu ${down}`,
  noCrops: 'Ohne Punkt behalten Zuschnitte den Teil des Bildes, der am meisten hervorsticht.',
}
