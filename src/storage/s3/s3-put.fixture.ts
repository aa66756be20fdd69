/** For tests: a process that puts a file. The test kills it in the middle. */
import { openS3Storage } from './s3.ts'
import { parseS3Url } from './s3-url.ts'

const [url = '', key = '', path = ''] = process.argv.slice(2)
const storage = await openS3Storage(parseS3Url(url))
await storage.put(key, path)
