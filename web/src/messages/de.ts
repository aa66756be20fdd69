import type { Messages } from './en'

export const de: Messages = {
  language: 'Deutsch',
  chooseLanguage: 'Sprache',
  signIn: 'Anmelden',
  signOut: 'Abmelden',
  username: 'Benutzername',
  password: 'Passwort',
  sessionOver: 'Die Sitzung ist beendet. Nach der Anmeldung geht es an derselben Stelle weiter.',
  invalidCredentials: 'Benutzername oder Passwort ist falsch.',
  tooManyAttempts: 'Zu viele Versuche. Bitte einige Minuten warten und erneut versuchen.',
  unreachable: 'Der Server ist nicht erreichbar. Bitte die Verbindung prüfen und erneut versuchen.',
  serverFault:
    'Der Server konnte das nicht ausführen. Bitte erneut versuchen; sonst hilft sein Protokoll.',
  tryAgain: 'Erneut versuchen',
  loading: 'Wird geladen',
  search: 'Namen und Schlagwörter durchsuchen',
  clearSearch: 'Suche leeren',
  newestFirst: 'Neueste zuerst',
  oldestFirst: 'Älteste zuerst',
  order: 'Reihenfolge',
  size: 'Größe der Bilder',
  small: 'Klein',
  medium: 'Mittel',
  large: 'Groß',
  images: (count) => (count === 1 ? '1 Bild' : `${count.toLocaleString('de')} Bilder`),
  matches: (count) => (count === 1 ? '1 Treffer' : `${count.toLocaleString('de')} Treffer`),
  noMatches: (search) => `Nichts passt zu „${search}“.`,
  noMatchesHint:
    'Jedes Wort muss im Namen oder in einem Schlagwort vorkommen. Weniger oder kürzere Wörter helfen.',
  empty: 'Die Bibliothek ist leer.',
  emptyHint: 'Bilder irgendwo auf dieser Seite ablegen oder Dateien auswählen.',
  close: 'Schließen',
  previous: 'Vorheriges Bild',
  next: 'Nächstes Bild',
  name: 'Name',
  tags: 'Schlagwörter',
  save: 'Speichern',
  saved: 'Gespeichert',
  discard: 'Änderungen verwerfen',
  unsaved: 'Es gibt ungespeicherte Änderungen.',
  remove: 'Löschen',
  removeQuestion: (name) => `„${name}“ und die Dateien dazu endgültig löschen?`,
  removed: (name) => `„${name}“ wurde gelöscht.`,
  cancel: 'Abbrechen',
  download: 'Original herunterladen',
  copyScaled: 'Link kopieren (klein)',
  copyHigh: 'Link kopieren (groß)',
  copyMarkdown: 'Als Markdown kopieren',
  copyHtml: 'Als HTML kopieren',
  copied: 'Kopiert',
  gone: 'Dieses Bild ist nicht mehr in der Bibliothek.',
  type: 'Typ',
  fileSize: 'Größe',
  dimensions: 'Abmessungen',
  added: 'Hinzugefügt',
  grid: 'Bilder',
  select: (name) => `„${name}“ auswählen`,
  selectAll: (total) => `Alle ${total.toLocaleString('de')} auswählen`,
  selectedCount: (count) => `${count.toLocaleString('de')} ausgewählt`,
  clearSelection: 'Auswahl aufheben',
  addTags: 'Schlagwörter hinzufügen',
  removeTags: 'Schlagwörter entfernen',
  addTagsTo: (count) =>
    count === 1
      ? 'Schlagwörter zu 1 Bild hinzufügen'
      : `Schlagwörter zu ${count.toLocaleString('de')} Bildern hinzufügen`,
  removeTagsFrom: (count) =>
    count === 1
      ? 'Schlagwörter von 1 Bild entfernen'
      : `Schlagwörter von ${count.toLocaleString('de')} Bildern entfernen`,
  apply: 'Anwenden',
  removeMany: (count) =>
    count === 1 ? '1 Bild löschen?' : `${count.toLocaleString('de')} Bilder löschen?`,
  removeManyQuestion: (count) =>
    count === 1
      ? 'Das Bild und die Dateien dazu werden endgültig gelöscht. Acht Sekunden lang lässt sich das noch zurücknehmen.'
      : 'Die Bilder und die Dateien dazu werden endgültig gelöscht. Acht Sekunden lang lässt sich das noch zurücknehmen.',
  going: 'Wird gelöscht',
  aboutToRemove: (count) =>
    count === 1
      ? '1 Bild wird gleich gelöscht.'
      : `${count.toLocaleString('de')} Bilder werden gleich gelöscht.`,
  undo: 'Rückgängig',
  removing: (done, total) =>
    `Löschen: ${done.toLocaleString('de')} von ${total.toLocaleString('de')}`,
  tagging: (done, total) =>
    `Schlagwörter ändern: ${done.toLocaleString('de')} von ${total.toLocaleString('de')}`,
  waitingForSignIn: 'Wartet auf die erneute Anmeldung',
  stop: 'Anhalten',
  removedMany: (count) =>
    count === 1
      ? '1 Bild wurde gelöscht.'
      : `${count.toLocaleString('de')} Bilder wurden gelöscht.`,
  taggedMany: (count) =>
    count === 1
      ? 'Die Schlagwörter von 1 Bild wurden geändert.'
      : `Die Schlagwörter von ${count.toLocaleString('de')} Bildern wurden geändert.`,
  failedMany: (count) =>
    count === 1
      ? 'Bei 1 Bild ging es nicht.'
      : `Bei ${count.toLocaleString('de')} Bildern ging es nicht.`,
  leftMany: (count) =>
    count === 1 ? 'Noch zu tun: 1 Bild.' : `Noch zu tun: ${count.toLocaleString('de')} Bilder.`,
  details: 'Einzelheiten',
  moreFailed: (count) => `und ${count.toLocaleString('de')} weitere`,
  itemNumber: (id) => `Bild Nr. ${id}`,
  reason: 'Grund',
  forbidden: 'Das ist Ihnen nicht mehr erlaubt.',
  upload: 'Hochladen',
  uploads: 'Hochgeladene Bilder',
  dropHere: 'Bilder hier ablegen',
  uploadsElsewhere: 'Hochgeladen wird bei einem anderen Server.',
  tagsForAll: 'Schlagwörter für alle neuen Bilder',
  waiting: 'Wartet',
  uploading: (percent) => `${percent} %`,
  processing: 'Wird verarbeitet',
  uploaded: 'Hinzugefügt',
  alreadyThere: 'Die Bibliothek enthält diese Datei schon. Sie wurde noch einmal hinzugefügt.',
  showEarlier: 'Die frühere zeigen',
  failed: 'Fehlgeschlagen',
  canceled: 'Abgebrochen',
  retry: 'Wiederholen',
  retryAll: 'Alle fehlgeschlagenen wiederholen',
  clearDone: 'Fertige entfernen',
  tagsForAllHint: 'Jede Datei erhält sie, wenn ihr Hochladen beginnt.',
  uploadAtOnce: 'Sofort hochladen, ohne auf Namen und Schlagwörter zu warten',
  files: 'Dateien',
  collapse: 'Einklappen',
  expand: 'Ausklappen',
  closeUploads: 'Hochgeladene Bilder schließen',
  cancelAll: 'Alle abbrechen',
  uploadedOf: (added, total) =>
    `${added.toLocaleString('de')} von ${total.toLocaleString('de')} hochgeladen.`,
  failures: (count) => `${count.toLocaleString('de')} fehlgeschlagen.`,
  emptyFile: 'Die Datei ist leer.',
  unreadable:
    'Die Datei lässt sich nicht mehr lesen. Vielleicht wurde sie geändert oder verschoben; bitte erneut auswählen.',
  pasted: 'Eingefügt',
  leftOut: (count) =>
    count === 1
      ? '1 Datei wurde ausgelassen, weil sie kein Bild ist.'
      : `${count.toLocaleString('de')} Dateien wurden ausgelassen, weil sie keine Bilder sind.`,
  heldBySession: 'Die Sitzung ist beendet. Nach der Anmeldung geht es weiter.',
  heldByOffline: 'Es gibt keine Verbindung. Sobald sie wieder da ist, geht es weiter.',
  heldByServer: 'Der Server ist nicht erreichbar. Sobald er antwortet, geht es weiter.',
  heldByBusy: 'Der Server ist ausgelastet. Gleich geht es von selbst weiter.',
  heldByPause: 'Namen und Schlagwörter vergeben, dann starten.',
  startUploads: (count) =>
    count === 1 ? '1 Datei hochladen' : `${count.toLocaleString('de')} Dateien hochladen`,
}
