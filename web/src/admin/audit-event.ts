import { nameBrowser } from '../account/name-browser'

/** Stands in a sentence where the image is named. */
export const IMAGE = '\uFFFC'

interface Entry {
  actor: string | null
  tokenId: number | null
  subject: string | null
  detail: Readonly<Record<string, unknown>> | null
}

export type AuditEvent = ReturnType<typeof readEvent>

/** An entry of the trail, with its details as what they are. */
export function readEvent({ actor, tokenId, subject, detail }: Entry) {
  const [kind = '', subjectName = ''] = /^(\w+):(.*)$/s.exec(subject ?? '')?.slice(1) ?? []
  const text = (name: string): string | undefined => {
    const value = detail?.[name]
    return typeof value === 'string' && value !== '' ? value : undefined
  }
  const number = (name: string): number => Number(detail?.[name] ?? 0) || 0
  const list = (name: string): string[] => {
    const value = detail?.[name]
    return (Array.isArray(value) ? value : [value]).filter((one) => one !== undefined).map(String)
  }
  const renamed = detail?.name
  const agent = text('userAgent')
  const program = agent === undefined ? undefined : nameBrowser(agent)
  return {
    actor,
    tokenId,
    /** Whose account it is about; undefined for one's own and for none. */
    account: kind === 'account' && subjectName !== actor ? subjectName : undefined,
    imageId: kind === 'media' ? Number(subjectName) : undefined,
    imageName: text('name') ?? (kind === 'media' && isRenaming(renamed) ? renamed.to : undefined),
    /** The name that an image had before. */
    nameBefore: isRenaming(renamed) ? renamed.from : undefined,
    program,
    text,
    number,
    list,
  }
}

const isRenaming = (value: unknown): value is { from: string; to: string } =>
  typeof value === 'object' && value !== null && 'from' in value && 'to' in value
