import { AppError } from '../../base/errors.ts'

export const collectionNotFound = (id: number) =>
  new AppError('collection-not-found', 404, 'Collection not found', {
    detail: `There is no collection with id ${id}.`,
  })

export const nameTaken = (name: string) =>
  new AppError('name-taken', 409, 'Name taken', {
    detail: `There is another collection called ${JSON.stringify(name)} in the same place; case does not count.`,
  })

export const collectionNotEmpty = (id: number, count: number) =>
  new AppError('collection-not-empty', 409, 'Collection not empty', {
    detail: `Collection ${id} has ${count} ${count === 1 ? 'collection' : 'collections'} below it; delete what is below it first, or everything together with recursive.`,
  })

export const tooManyCollections = (most: number) =>
  new AppError('too-many-collections', 409, 'Too many collections', {
    detail: `There are ${most} collections already, which is the most that are allowed.`,
  })
