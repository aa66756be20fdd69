import { Button, Stack, Table, Text } from '@mantine/core'
import type { UseQueryResult } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { useAccountMessages } from '../messages/accounts'
import { useMessages } from '../messages/messages'
import { WaitingScreen } from '../waiting'
import classes from './account.module.css'

interface DataTableProps {
  label: string
  columns: readonly string[]
  rows: readonly { key: string | number; cells: readonly ReactNode[] }[]
}

/** A table. On a narrow screen it becomes a list, where each cell shows the title of its column. */
export function DataTable({ label, columns, rows }: DataTableProps) {
  return (
    <Table aria-label={label} className={classes.table} verticalSpacing="xs">
      <Table.Thead>
        <Table.Tr>
          {columns.map((column) => (
            <Table.Th key={column} scope="col">
              {column}
            </Table.Th>
          ))}
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {rows.map(({ key, cells }) => (
          <Table.Tr key={key}>
            {columns.map((column, index) => (
              <Table.Td key={column} data-label={column}>
                {cells[index]}
              </Table.Td>
            ))}
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  )
}

interface LoadedProps<Data> {
  query: Pick<UseQueryResult<Data>, 'data' | 'isError' | 'refetch'>
  children: (data: Data) => ReactNode
}

/** Renders the data of a query. Shows a loading screen before, and a button to retry after an error. */
export function Loaded<Data>({ query, children }: LoadedProps<Data>) {
  const { t } = useMessages()
  const words = useAccountMessages()
  const { data, isError, refetch } = query
  if (data !== undefined) return children(data)
  if (!isError) return <WaitingScreen onRetry={() => refetch()} />
  return (
    <Stack gap="xs" align="flex-start" role="alert">
      <Text size="sm">{words.notLoaded}</Text>
      <Button size="compact-sm" variant="default" onClick={() => refetch()}>
        {t.tryAgain}
      </Button>
    </Stack>
  )
}
