import { Progress, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import classes from '../account/account.module.css'
import { DataTable, Loaded } from '../account/data-table'
import { Section } from '../account/section'
import { Time } from '../account/time'
import { api, call, type LibraryStatistics } from '../api/client'
import { formatBytes } from '../media/format-bytes'
import { useAccountMessages } from '../messages/accounts'
import { useMessages } from '../messages/messages'

type Amount = LibraryStatistics['items']

/** How many months and people are shown. */
const MOST_ROWS = 24

/** How much there is, of what, by whom, what it takes, and what could go. */
export function Statistics() {
  const words = useAccountMessages()
  const { t } = useMessages()
  const statistics = useQuery({
    queryKey: ['media', 'statistics'],
    queryFn: async ({ signal }) => (await call(api.GET('/media/statistics', { signal }))).data,
  })
  return (
    <Loaded query={statistics}>
      {({ at, items, types, addedBy, months, storage, clearable }) => (
        <div className={classes.amounts}>
          <Text size="sm" c="dimmed" mb="lg">
            {words.countedAt} <Time at={at} />
          </Text>
          <Amounts
            title={words.stored}
            first={words.kind}
            total={sum(Object.values(storage))}
            rows={[
              { name: words.originals, ...storage.originals },
              { name: words.scaledImages, ...storage.scaled },
              { name: words.highImages, ...storage.high },
              { name: words.otherSizes, ...storage.sizes },
            ]}
          />
          <Amounts
            title={words.formats}
            hint={words.formatsHint}
            first={words.format}
            total={items}
            rows={types.map(({ type, ...amount }) => ({ name: type.toUpperCase(), ...amount }))}
          />
          <Growth months={months} total={items} />
          <Amounts
            title={words.addedBy}
            first={t.username}
            total={items}
            rows={addedBy.slice(0, MOST_ROWS).map(({ username, ...amount }) => ({
              name: username ?? words.unknownUser,
              ...amount,
            }))}
          />
          <Amounts
            title={words.clearable}
            hint={words.duplicates(clearable.duplicates)}
            first={words.kind}
            total={storage.originals}
            rows={[
              { name: words.inTrash, ...clearable.trash },
              { name: words.earlierVersions, ...clearable.versions },
            ]}
          />
        </div>
      )}
    </Loaded>
  )
}

/** The newest months first, those without an image too. */
function Growth({ months, total }: { months: LibraryStatistics['months']; total: Amount }) {
  const words = useAccountMessages()
  const { locale } = useMessages()
  const name = new Intl.DateTimeFormat(locale, { month: 'long', year: 'numeric', timeZone: 'UTC' })
  const known = new Map(months.map(({ month, ...amount }) => [month, amount]))
  const [first, last] = [months.at(0), months.at(-1)]
  const rows: Row[] = []
  for (
    let month = last?.month;
    first && month !== undefined && month >= first.month && rows.length < MOST_ROWS;
    month = monthBefore(month)
  ) {
    rows.push({ name: name.format(new Date(month)), ...(known.get(month) ?? NONE) })
  }
  return <Amounts title={words.growth} first={words.month} total={total} rows={rows} />
}

const NONE: Amount = { count: 0, bytes: 0 }

/** @param month `2026-03` */
function monthBefore(month: string): string {
  const date = new Date(month)
  date.setUTCMonth(date.getUTCMonth() - 1)
  return date.toISOString().slice(0, month.length)
}

const sum = (amounts: readonly Amount[]): Amount =>
  amounts.reduce(
    (all, { count, bytes }) => ({ count: all.count + count, bytes: all.bytes + bytes }),
    NONE,
  )

type Row = Amount & { name: string }

interface AmountsProps {
  title: string
  hint?: string
  /** Title of the first column. */
  first: string
  /** Of what the bars show shares. */
  total: Amount
  rows: readonly Row[]
}

/** A table of amounts, with a bar for the share of bytes. */
function Amounts({ title, hint, first, total, rows }: AmountsProps) {
  const words = useAccountMessages()
  const { locale } = useMessages()
  const share = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 1 })
  return (
    <Section title={title} {...(hint !== undefined && { hint })}>
      <DataTable
        label={title}
        columns={[first, words.number, words.bytes, words.share]}
        rows={rows.map(({ name, count, bytes }) => {
          const part = total.bytes === 0 ? 0 : bytes / total.bytes
          return {
            key: name,
            cells: [
              name,
              count.toLocaleString(locale),
              formatBytes(bytes, locale),
              <span key="share" className={classes.share}>
                <Progress value={100 * part} aria-hidden />
                {share.format(part)}
              </span>,
            ],
          }
        })}
      />
    </Section>
  )
}
