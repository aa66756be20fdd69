/** For tests: a process that puts a file, and is killed in the middle of it. */
import { openS3Storage } from './s3.ts'
import { parseS3Url } from './s3-url.ts'

const [url = '', key = '', path = ''] = process.argv.slice(2)
const storage = await openS3Storage(parseS3Url(url))
await storage.put(key, path)
