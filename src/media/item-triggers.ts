import {
  addressParts,
  columnName,
  type JsonForm,
  MEMBERS,
  type Member,
  SHOWN_COLUMNS,
  URLS,
} from './item.ts'

/** Columns of files that items show. A change of another column does not change `media_json`. */
const FILE_COLUMNS = SHOWN_COLUMNS.filter((column) => column.startsWith('files.')).map(columnName)

type Engine = 'sqlite' | 'postgres'

/** An item's JSON as an SQL expression over the rows `media AS m` and `files AS f`. */
function jsonExpression(engine: Engine): string {
  const parts: string[] = []
  let literal = ''
  const add = (text: string) => {
    literal += text
  }
  const addExpression = (expression: string) => {
    parts.push(`'${literal}'`, expression)
    literal = ''
  }
  const addMembers = (members: Readonly<Record<string, Member>>) => {
    for (const [index, [name, { column, form }]] of Object.entries(members).entries()) {
      add(`${index === 0 ? '' : ','}"${name}":`)
      const place = column.replace('media.', 'm.').replace('files.', 'f.')
      addExpression(SQL_OF[engine][form](place))
    }
  }
  add('{')
  addMembers(MEMBERS)
  add(',"urls":{')
  for (const [index, [name, file]] of Object.entries(URLS).entries()) {
    const [before, key, after] = addressParts(KEY, file)
    add(`${index === 0 ? '' : ','}"${name}":"${before}`)
    addExpression(key)
    add(`${after}"`)
  }
  add('}}')
  return `concat(\n    ${[...parts, `'${literal}'`].join(',\n    ')}\n  )`
}

/** As `keyOf` does it. */
const KEY = 'coalesce(m.focus_key, f.scaled_digest)'

const SQL_OF: Readonly<Record<Engine, Record<JsonForm, (column: string) => string>>> = {
  sqlite: {
    number: (column) => column,
    text: (column) => `json_quote(${column})`,
    'text or null': (column) => `json_quote(${column})`,
    json: (column) => column,
    'json or null': (column) => `coalesce(${column}, 'null')`,
    time: (column) =>
      `'"' || strftime('%Y-%m-%dT%H:%M:%fZ', ${column} / 1000.0, 'unixepoch') || '"'`,
    tags: (column) => `iif(json_valid(${column}), json(${column}), '[]')`,
  },
  postgres: {
    number: (column) => column,
    text: (column) => `to_json(${column})`,
    'text or null': (column) => `coalesce(to_json(${column})::text, 'null')`,
    json: (column) => column,
    'json or null': (column) => `coalesce(${column}, 'null')`,
    time: (column) =>
      `to_json(to_char(timestamp 'epoch' + ${column} * interval '1 millisecond', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))`,
    // A function of the database, since migration 7.
    tags: (column) => `readable_tags(${column})`,
  },
}

/**
 * Returns the statements that create the triggers of `media_json`, and a last one that writes every row anew. A
 * migration must drop the old triggers and run all of these.
 */
export function itemTriggers(engine: Engine): string[] {
  const write = (from: string) =>
    `INSERT INTO media_json (id, json)
  SELECT m.id, ${jsonExpression(engine)}
  FROM ${from}
  ON CONFLICT (id) DO UPDATE SET json = excluded.json`
  const all = `media AS m JOIN files AS f ON f.id = m.file_id WHERE ${LIVE}`
  return engine === 'sqlite' ? sqliteTriggers(write, all) : postgresTriggers(write, all)
}

/** Items in the trash have no JSON. */
const LIVE = 'm.trashed_at IS NULL'

type Write = (from: string) => string

const sqliteTriggers = (write: Write, all: string) => [
  `CREATE TRIGGER media_json_added AFTER INSERT ON media BEGIN
  ${write(`${all} AND m.id = new.id`)};
END`,
  `CREATE TRIGGER media_json_edited AFTER UPDATE ON media BEGIN
  DELETE FROM media_json WHERE id = new.id AND new.trashed_at IS NOT NULL;
  ${write(`${all} AND m.id = new.id`)};
END`,
  `CREATE TRIGGER media_json_removed AFTER DELETE ON media BEGIN
  DELETE FROM media_json WHERE id = old.id;
END`,
  `CREATE TRIGGER media_json_file_changed AFTER UPDATE OF ${FILE_COLUMNS.join(', ')} ON files BEGIN
  ${write(`${all} AND f.id = new.id`)};
END`,
  write(all),
]

function postgresTriggers(write: Write, all: string) {
  const trigger = (name: string, event: string, table: string, statement: string) => [
    `CREATE OR REPLACE FUNCTION ${name}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  ${statement};
  RETURN NULL;
END $$`,
    `CREATE OR REPLACE TRIGGER ${name} AFTER ${event} REFERENCING ${table}
  FOR EACH STATEMENT EXECUTE FUNCTION ${name}()`,
  ]
  const ofMedia = write(`changed AS m JOIN files AS f ON f.id = m.file_id WHERE ${LIVE}`)
  const ofFiles = write(`changed AS f JOIN media AS m ON m.file_id = f.id WHERE ${LIVE}`)
  const dropTrashed = `DELETE FROM media_json USING changed
  WHERE media_json.id = changed.id AND changed.trashed_at IS NOT NULL`
  return [
    ...trigger('media_json_added', 'INSERT ON media', 'NEW TABLE AS changed', ofMedia),
    ...trigger(
      'media_json_edited',
      'UPDATE ON media',
      'NEW TABLE AS changed',
      `${dropTrashed};
  ${ofMedia}`,
    ),
    ...trigger('media_json_file_changed', 'UPDATE ON files', 'NEW TABLE AS changed', ofFiles),
    ...trigger(
      'media_json_removed',
      'DELETE ON media',
      'OLD TABLE AS gone',
      'DELETE FROM media_json USING gone WHERE media_json.id = gone.id',
    ),
    write(all),
  ]
}

if (import.meta.main) {
  const [engine] = process.argv.slice(2)
  if (engine !== 'sqlite' && engine !== 'postgres') {
    console.error('Name the engine: sqlite or postgres.')
    process.exit(2)
  }
  console.log(itemTriggers(engine).join(';\n\n'))
}
