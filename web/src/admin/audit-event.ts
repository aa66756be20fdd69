import { nameBrowser } from '../account/name-browser'

/** Placeholder for the name of the image in an audit sentence. */
export const IMAGE = '\uFFFC'

interface Entry {
  actor: string | null
  tokenId: number | null
  subject: string | null
  detail: Readonly<Record<string, unknown>> | null
}

export type AuditEvent = ReturnType<typeof readEvent>

/** Reads an audit entry: gives its subject and details names and types. */
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
    /** Username of the account concerned; undefined for the actor's own account and for none. */
    account: kind === 'account' && subjectName !== actor ? subjectName : undefined,
    imageId: kind === 'media' ? Number(subjectName) : undefined,
    imageName: text('name') ?? (kind === 'media' && isRenaming(renamed) ? renamed.to : undefined),
    /** The name of the collection concerned. */
    collectionName: text('name') ?? (isRenaming(renamed) ? renamed.to : undefined),
    /** The name of the image or collection before it was renamed. */
    nameBefore: isRenaming(renamed) ? renamed.from : undefined,
    /** The name of the preset concerned. */
    presetName: kind === 'preset' ? subjectName : undefined,
    program,
    text,
    number,
    list,
  }
}

const isRenaming = (value: unknown): value is { from: string; to: string } =>
  typeof value === 'object' && value !== null && 'from' in value && 'to' in value
