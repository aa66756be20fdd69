import { join } from 'node:path'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import { authPlugin, createHasPermission } from './auth/admission.ts'
import { openAuth } from './auth/auth.ts'
import { recordRefusals } from './auth/record-refusals.ts'
import { createBudget } from './base/budget.ts'
import type { Metrics } from './base/metrics.ts'
import { createCacheUse } from './base/recent.ts'
import { type Config, databaseLocation, filesPath } from './config.ts'
import { measureDatabase } from './database/measure-database.ts'
import { openDatabase } from './database/open.ts'
import { createRecorders } from './database/recorder.ts'
import { healthRoutes } from './http/operate/health.ts'
import { pageRoutes } from './http/page.ts'
import { createServer } from './http/server.ts'
import { createBounds } from './images/address/bounds.ts'
import { deliveryRoutes } from './images/delivery/delivery.ts'
import { createImageAddresses } from './images/delivery/image-addresses.ts'
import { createImageLookup } from './images/delivery/image-lookup.ts'
import { createImageRenders } from './images/delivery/renders.ts'
import { createRenditionUses } from './images/delivery/rendition-uses.ts'
import { readDeliverySecret, readSigningSecret } from './images/digests.ts'
import { createImages } from './images/images.ts'
import { createFindPreset } from './images/presets/find-preset.ts'
import { presetRoutes } from './images/presets/preset-routes.ts'
import { ensureDerived } from './media/filter/rebuild.ts'
import { createItemAddresses } from './media/item.ts'
import type { Library } from './media/library.ts'
import { measureLibrary } from './media/measure-library.ts'
import { mediaRoutes } from './media/routes.ts'
import { createTrashPurge } from './media/trash/purge.ts'
import { openJournal } from './storage/journal/journal.ts'
import { measureStorage } from './storage/measure-storage.ts'
import { openStorage } from './storage/open-storage.ts'
import { openTemporaryFolder } from './storage/temporary.ts'
import { createScrub } from './upkeep/scrub.ts'

const PAGE_FOLDER = join(import.meta.dirname, '../web/dist')

/** Simultaneous snapshots of the whole library. Each keeps the write-ahead log from being reset. */
const MAX_LISTINGS = 4
/** Characters of an image process's output in the log: a few lines, or a stack. */
const MAX_SAID = 4096
/** Simultaneous requests that change many items. They share the database with all other requests. */
const MAX_BULK_WORK = 2
/** Simultaneous archives. Each has a file of storage open, and its directory in memory. */
const MAX_ZIPS = 4

/**
 * Whether an instance is useless without storage: it takes uploads, or it only delivers images. An instance
 * that answers lists and searches goes on without storage.
 */
const needsStorage = ({ fileService, api }: Config): boolean => fileService || !api

/**
 * A library with everything that reads and writes it, but without the HTTP server.
 * @param metrics records what the library does; nothing is measured without them
 */
export async function openLibrary(
  config: Config,
  log: FastifyBaseLogger,
  metrics?: Metrics,
): Promise<Library & { close(): Promise<void> }> {
  // First, because an open storage holds nothing that must be closed if the database fails to open.
  const mayBeAway = (fault: unknown) =>
    log.warn({ err: fault }, 'The bucket cannot be reached; lists and searches do not need it')
  const openedStorage = await openStorage(
    config.storageUrl,
    filesPath(config),
    needsStorage(config) ? undefined : mayBeAway,
  )
  const storage = metrics ? measureStorage(openedStorage, metrics) : openedStorage
  const openedDatabase = await openDatabase(databaseLocation(config))
  const database = metrics ? measureDatabase(openedDatabase, metrics) : openedDatabase
  const journal = await openJournal({ database, storage, log })
  await ensureDerived(database, journal.owner)
  const temporary = await openTemporaryFolder({
    data: config.data,
    log,
    isReadOnly: database.isReadOnly,
  })
  const images = createImages(config, (text) =>
    log.warn({ text: text.slice(0, MAX_SAID) }, 'An image process wrote to standard error'),
  )
  const renders = createImageRenders({
    database,
    storage,
    journal,
    images,
    temporary,
    renditionBytes: config.variantBytes,
    imageQueue: config.imageQueue,
    log,
  })
  const deliverySecret = await readDeliverySecret(database.read)
  return {
    database,
    storage,
    journal,
    images,
    renders,
    temporary,
    deliverySecret,
    log,
    async close() {
      await images.close()
      await journal.close()
      await temporary.close()
      await database.close()
    },
  }
}

/** The server with every route, ready to listen. Closing it leaves the library open. */
export async function createApp(
  config: Config,
  library: Library,
  log: FastifyBaseLogger,
  metrics?: Metrics,
): Promise<FastifyInstance> {
  const { database, storage, renders } = library
  const scrub = createScrub(library, config.scrubDays)
  const purge = createTrashPurge(library, config)
  const [listUse, deliveryUse] = [createCacheUse(), createCacheUse()]
  if (metrics) {
    metrics.sampleAll(scrub.samples)
    measureLibrary(library, { lists: listUse, delivery: deliveryUse }, metrics)
  }
  const app = await createServer(config, log, metrics)
  app.addHook('onListen', async () => {
    scrub.start()
    purge.start()
  })
  app.addHook('onClose', async () => {
    await Promise.all([scrub.stop(), purge.stop()])
  })
  await app.register(
    pageRoutes(PAGE_FOLDER, {
      basePath: config.basePath,
      imageOrigin: storage.redirect?.origin,
    }),
  )
  const recorders = createRecorders(database, log)
  app.addHook('onClose', recorders.settled)
  const auth = await openAuth(config, database, recorders, log)
  await app.register(
    authPlugin({ identify: auth.identify, allowedOrigins: config.allowedOrigins, database }),
  )
  recordRefusals(app, database, recorders.trail)
  await app.register(
    healthRoutes({
      database: database.check,
      ...(needsStorage(config) && { storage: storage.check }),
      // Without a bucket the temporary folder is on the same disk as the storage.
      ...(needsStorage(config) && config.storageUrl && { temporary: library.temporary.check }),
    }),
  )
  if (config.api) {
    await app.register(auth.routes)
    await app.register(presetRoutes, { database })
  }
  const addressOptions = {
    bounds: createBounds(config),
    transforms: config.transforms,
    signingKeys: [
      ...config.signingKeys,
      { id: '0', secret: await readSigningSecret(database.read) },
    ],
    findPreset: createFindPreset(database),
  }
  const uses = createRenditionUses(database, log)
  app.addHook('onClose', uses.close)
  await app.register(mediaRoutes, {
    library,
    uses,
    listings: createBudget('listing of the whole library', MAX_LISTINGS, 0),
    bulkWork: createBudget('work on many items', MAX_BULK_WORK, 0),
    zips: createBudget('sending of archives', MAX_ZIPS, 0),
    maxImageBytes: config.maxImageBytes,
    fetchUrls: config.fetchUrls,
    fetchAllow: config.fetchAllow,
    basePath: config.basePath,
    uploadsFolder: join(config.data, 'uploads'),
    uploadBytes: config.uploadBytes,
    instance: config.instance,
    addresses: createItemAddresses(config.basePath),
    imageAddresses: createImageAddresses(addressOptions),
    widths: config.widths,
    avif: config.avif,
    transforms: config.transforms,
    publicUrl: config.publicUrl,
    api: config.api,
    fileService: config.fileService,
    trashDays: config.trashDays,
    versions: config.versions,
    describeUrl: config.describeUrl,
    listUse,
  })
  await app.register(deliveryRoutes, {
    database,
    storage,
    lookup: createImageLookup(database, addressOptions),
    renders,
    uses,
    avif: config.avif,
    hasPermission: createHasPermission(auth.identify),
    delivery: config.delivery,
    deliveryCacheBytes: config.deliveryCacheBytes,
    deliveryUse,
    api: config.api,
    iiif: config.iiif,
    publicUrl: config.publicUrl,
    basePath: config.basePath,
  })
  return app
}
