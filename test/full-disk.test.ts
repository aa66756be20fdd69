import { expect, it, onTestFinished } from 'vitest'
import { expectConsistent } from './consistency.ts'
import { Client, type Server, signIn, startServer } from './harness.ts'
import { nextImage, openLedger } from './ledger.ts'
import { canMount, mountSmallDisk } from './mounts.ts'

const FULL = /^There is no space left where the server keeps its data\. The log of the server/

it.skipIf(!canMount)(
  'on a full disk the server answers reads, reports the fault for writes, and recovers once there is space (root only)',
  async () => {
    const disk = mountSmallDisk(16)
    let server: Server = await startServer({}, disk.data)
    onTestFinished(async () => {
      await server.kill()
      disk.unmount()
    })
    const ledger = openLedger()
    let client = await signIn(server)
    const { cookie } = client
    for (let count = 0; count < 3; count++) await ledger.add(client)
    const id = ledger.pick() ?? 0

    const expectReads = async () => {
      await ledger.check(client)
      expect((await client.list('?search=item')).body.media).toHaveLength(3)
      expect((await client.get(`/media/image/${id}`)).status).toBe(200)
      expect((await client.get('/auth/me')).status).toBe(200)
    }
    const expectRefusals = async () => {
      for (const answer of [
        await ledger.add(client, await nextImage()),
        await ledger.edit(client, id),
        await ledger.remove(client, id),
      ]) {
        expect(answer?.status).toBe(500)
        expect(answer?.body.detail).toMatch(FULL)
      }
      expect((await client.get('/health/live')).status).toBe(200)
      const ready = await client.get('/health/ready')
      expect(ready.body.detail).toBe('Not answering: storage.')
    }

    disk.fill()
    await expectRefusals()
    await expectReads()

    // The same if it starts on a full disk.
    await server.kill()
    disk.fill()
    server = await startServer({}, disk.data)
    client = new Client(server.url)
    client.cookie = cookie
    await expectReads()
    await expectRefusals()

    disk.empty()
    expect((await ledger.add(client))?.status).toBe(200)
    expect((await ledger.edit(client, id))?.status).toBe(200)
    expect((await ledger.remove(client, id))?.status).toBe(200)
    await ledger.check(client)
    expect(await server.stop()).toBe(0)
    server = await startServer({}, disk.data)
    client.cookie = cookie
    await expectConsistent(disk.data)
  },
)
