import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

const LEVELS = ['high', 'critical'] as const
/** Fail fast where no registry can be reached. */
const PATIENCE = ['--fetch-retries=0', '--fetch-timeout=20000']

/** The registry's verdict on the packages that run in production. */
export interface AuditResult {
  verdict: 'passed' | 'failed' | 'not done'
  reason: string
}

/**
 * Asks the registry for known vulnerabilities in the installed packages. If it does not respond, the
 * verdict is 'not done'.
 */
export function auditDependencies(): AuditResult {
  const { stdout, error } = spawnSync('npm', ['audit', '--omit=dev', '--json', ...PATIENCE], {
    cwd: join(import.meta.dirname, '..'),
    encoding: 'utf8',
  })
  return error ? { verdict: 'not done', reason: error.message } : judgeAudit(stdout)
}

/** @param output of `npm audit --json` */
export function judgeAudit(output: string): AuditResult {
  const report = parse(output)
  const counts = report?.metadata?.vulnerabilities
  if (counts === undefined) {
    return { verdict: 'not done', reason: report?.message ?? 'npm audit gave no report.' }
  }
  const holes = LEVELS.map((level) => ({ level, count: counts[level] ?? 0 }))
  const found = holes.filter(({ count }) => count > 0)
  return {
    verdict: found.length > 0 ? 'failed' : 'passed',
    reason:
      found.map(({ level, count }) => `${count} ${level}`).join(', ') || 'no high or critical',
  }
}

interface Report {
  message?: string
  metadata?: { vulnerabilities?: Record<string, number> }
}

function parse(output: string): Report | undefined {
  try {
    return JSON.parse(output)
  } catch {
    return undefined
  }
}
