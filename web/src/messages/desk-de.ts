import type { deskEn } from './desk-en'

const number = (count: number) => count.toLocaleString('de')

export const deskDe: typeof deskEn = {
  back: 'Bibliothek',
  narrowed: 'Nur Bilder, die zu den Filtern der Bibliothek passen',
  showAll: 'Alle Bilder',

  progress: (done, total, left) =>
    `${number(done)} von ${number(total)} erledigt, noch ${number(left)}`,
  altHint:
    'Sagen Sie in ein, zwei Sätzen, worauf es bei diesem Bild ankommt, wie am Telefon. Ohne „Bild von“.',
  characters: (count, most) => `${number(count)} von ${number(most)} Zeichen`,
  long: 'Lang für einen Screenreader. Was warten kann, gehört in die Beschreibung.',
  tooLong: (most) => `Höchstens ${number(most)} Zeichen.`,
  emptyAlt: 'Schreiben Sie einen Text, nennen Sie das Bild dekorativ, oder überspringen Sie es.',
  saveNext: 'Speichern, weiter',
  decorative: 'Dekorativ, weiter',
  isDecorative: 'Dekorativ: Screenreader übergehen dieses Bild.',
  skip: 'Überspringen',
  previous: 'Zurück',
  openImage: 'Details',
  nowShown: (name) => `Jetzt: ${name}`,
  saving: (count) =>
    count === 1 ? '1 Text wird gespeichert' : `${number(count)} Texte werden gespeichert`,
  allSaved: 'Alles gespeichert',
  notSaved: (count) =>
    count === 1
      ? '1 Text ist noch nicht gespeichert. Er bleibt erhalten und wird erneut gesendet.'
      : `${number(count)} Texte sind noch nicht gespeichert. Sie bleiben erhalten und werden erneut gesendet.`,
  asking: (count) =>
    count === 1
      ? '1 Text braucht Ihre Entscheidung. Er kommt als nächster.'
      : `${number(count)} Texte brauchen Ihre Entscheidung. Sie kommen als nächste.`,
  conflict: 'Inzwischen hat jemand anderes einen Text für dieses Bild geschrieben:',
  conflictDecorative: 'Inzwischen hat jemand anderes dieses Bild dekorativ genannt.',
  keepTheirs: 'Deren Text behalten',
  yoursReplaces: 'Wenn Sie speichern, ersetzt Ihr Text ihn.',
  goneWithText: (name, text) =>
    text === ''
      ? `„${name}“ wurde inzwischen gelöscht.`
      : `„${name}“ wurde inzwischen gelöscht. Ihr Text dafür war: ${text}`,
  finished: 'Jedes Bild hat einen Alternativtext.',
  finishedNarrowed: 'Jedes dieser Bilder hat einen Alternativtext.',
  onlySkipped: (count) =>
    count === 1
      ? 'Nur das Bild, das Sie übersprungen haben, ist noch übrig.'
      : `Nur die ${number(count)} Bilder, die Sie übersprungen haben, sind noch übrig.`,
  showSkipped: 'Noch einmal zeigen',
  lookAgain: 'Noch einmal nachsehen',
  suggestion: 'Vorschlag',
  suggesting: 'Ein Vorschlag ist unterwegs.',
  suggestionHint: 'Von einer Maschine. Prüfen Sie ihn, bevor Sie speichern.',
  useSuggestion: 'Übernehmen',
  takeSuggestion: 'Vorschlag übernehmen',
  noSuggestion: 'Es gibt keinen Vorschlag:',

  keys: 'Tasten',
  key: {
    enter: 'Eingabe',
    pageUp: 'Bild auf',
    pageDown: 'Bild ab',
    control: 'Strg',
    shift: 'Umschalt',
    alt: 'Alt',
    backspace: 'Rücktaste',
  },

  duplicatesHint:
    'Behalten Sie eines je Gruppe. Es bekommt die Schlagwörter, Sammlungen und Texte, die ihm fehlen; die anderen kommen in den Papierkorb, und ihre Adressen führen zu ihm.',
  kind: 'Art der Duplikate',
  exact: 'Gleiche Datei',
  near: 'Sehen gleich aus',
  groupOf: (place, total) => `Gruppe ${number(place)} von ${number(total)}`,
  counts: (merged, skipped) => `${number(merged)} zusammengeführt, ${number(skipped)} übersprungen`,
  images: (count) => (count === 1 ? '1 Bild' : `${number(count)} Bilder`),
  shownOf: (shown, count) =>
    `Die ersten ${number(shown)} von ${number(count)} werden gezeigt. Die anderen folgen, wenn diese zusammengeführt sind.`,
  keepThis: 'Dieses behalten',
  openNamed: (name) => `${name} öffnen`,
  best: 'Vorgeschlagen',
  takePart: 'Ist ein Duplikat',
  merge: (count) => `Zusammenführen, ${number(count)} in den Papierkorb`,
  notDuplicates: 'Keine Duplikate: überspringen',
  previousGroup: 'Vorige Gruppe',
  merged: (count, name) =>
    count === 1
      ? `1 Bild wurde mit „${name}“ zusammengeführt.`
      : `${number(count)} Bilder wurden mit „${name}“ zusammengeführt.`,
  mergedAlready: 'Diese Gruppe wurde zusammengeführt.',
  skippedAlready: 'Sie haben diese Gruppe übersprungen.',
  groupGone: 'Diese Bilder sind keine Duplikate mehr: Jemand hat sie inzwischen geändert.',
  undo: 'Rückgängig',
  undone: 'Die Bilder sind wieder in der Bibliothek.',
  undonePartly:
    'Die Bilder sind wieder in der Bibliothek. Was das behaltene bekommen hat, bleibt, denn es wurde seitdem geändert.',
  notUndone: 'Die Zusammenführung konnte nicht rückgängig gemacht werden.',
  noExact: 'Keine Datei ist zweimal in der Bibliothek.',
  noNear: 'Keine Bilder sehen fast gleich aus.',
  allSeen: 'Sie haben jede Gruppe gesehen.',
  mayNotMerge: 'Sie dürfen Duplikate ansehen, aber nicht zusammenführen.',
  differences: 'Was sich unterscheidet',
  sameRows: (count) =>
    count === 1 ? '1 gleiche Zeile zeigen' : `${number(count)} gleiche Zeilen zeigen`,
  hideSame: 'Gleiches ausblenden',
  rows: {
    pixels: 'Pixel',
    bytes: 'Dateigröße',
    format: 'Format',
    name: 'Name',
    fileName: 'Dateiname',
    taken: 'Aufgenommen',
    camera: 'Kamera',
    tags: 'Schlagwörter',
    collections: 'Sammlungen',
    alt: 'Alternativtext',
    description: 'Beschreibung',
    credit: 'Bildnachweis',
    copyright: 'Copyright',
    source: 'Quelle',
    rating: 'Bewertung',
    added: 'Hinzugefügt',
    addedBy: 'Hinzugefügt von',
  },
  none: 'fehlt',
  keyMerge: 'zusammenführen',
  keySkip: 'überspringen',
  keyBack: 'zurück',
  keyChoose: 'wählen',
  keyUndo: 'rückgängig',

  alike: 'Ähnliche Bilder',
  alikeBy: 'Ähnlich nach',
  byImage: 'Aussehen',
  byColor: 'Farbe',
  distance: (distance) => `Abstand ${distance}`,
  noneAlike: 'Es gibt keine anderen Bilder.',
}
