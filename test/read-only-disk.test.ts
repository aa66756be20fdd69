import { expect, it, onTestFinished } from 'vitest'
import { makeJpeg } from './fixtures.ts'
import { Client, runCli, type Server, signIn, startServer } from './harness.ts'
import { openLedger } from './ledger.ts'
import { canMount, mountSmallDisk } from './mounts.ts'

const READ_ONLY = /^The server cannot write where it keeps its data\. The log of the server/

it.skipIf(!canMount)(
  'on a read-only disk the server answers reads and reports the fault for everything else (root only)',
  async () => {
    const disk = mountSmallDisk(32)
    let server: Server = await startServer({}, disk.data)
    onTestFinished(async () => {
      await server.kill()
      disk.unmount()
    })
    const ledger = openLedger()
    let client = await signIn(server)
    const { cookie } = client
    for (let count = 0; count < 3; count++) await ledger.add(client)

    const restart = async () => {
      server = await startServer({}, disk.data)
      client = new Client(server.url)
      client.cookie = cookie
    }
    // After a kill there is a write-ahead log, after a stop there is none.
    for (const end of ['kill', 'stop'] as const) {
      await server[end]()
      disk.remount('ro')
      await restart()
      const id = ledger.pick() ?? 0

      await ledger.check(client)
      expect((await client.list('?search=item')).body.media).toHaveLength(3)
      expect((await client.get(`/media/image/${id}`)).status).toBe(200)
      expect((await client.get('/auth/me')).status).toBe(200)
      expect((await client.get('/health/live')).status).toBe(200)
      const ready = await client.get('/health/ready')
      expect(ready).toMatchObject({ status: 503 })
      expect(ready.body.detail).toBe('Not answering: database, storage.')
      const multipart = new FormData()
      multipart.set('name', 'Tower')
      multipart.set('tags', '[]')
      multipart.set('image', new Blob([new Uint8Array(await makeJpeg())]))
      const credentials = { username: 'admin', password: 'whatever it is' }
      for (const [what, answer] of Object.entries({
        add: await ledger.add(client),
        multipart: await client.request('POST', '/media/add', { body: multipart }),
        edit: await ledger.edit(client, id),
        remove: await client.delete(`/media/delete/${id}`),
        'sign-in': await client.post('/auth/login', credentials),
        'sign-out': await client.post('/auth/logout', {}),
      })) {
        expect(answer?.status, what).toBe(500)
        expect(answer?.body.detail, what).toMatch(READ_ONLY)
      }
      expect(await server.stop()).toBe(0)
      disk.remount('rw')
      await restart()
      expect((await ledger.add(client))?.status).toBe(200)
      expect((await ledger.remove(client, ledger.pick() ?? 0))?.status).toBe(200)
      await ledger.check(client)
    }

    expect(await server.stop()).toBe(0)
    disk.remount('ro')
    const imported = await runCli(disk.data, ['import', '/usr/share'])
    expect(imported).toMatchObject({ code: 1, stderr: `${disk.data} cannot be written.\n` })
    expect((await runCli(disk.data, ['user', 'list'])).stdout).toContain('admin')
  },
)
