import { describe, expect, it } from 'vitest'
import { readPermissions, readUser } from './claims.ts'
import { externalSettings } from './external-settings.ts'

describe('the user of a token', () => {
  it.each([
    ['sub', { sub: 'vera' }, 'vera'],
    ['sub', { sub: 42 }, '42'],
    ['email', { sub: 'x', email: 'vera@house.example' }, 'vera@house.example'],
    ['user.name', { user: { name: '東京' } }, '東京'],
    ['user.name', { user: 'vera' }, undefined],
    ['user.name', { user: null }, undefined],
    ['https://house.example/name', { 'https://house.example/name': 'vera' }, 'vera'],
    ['sub', {}, undefined],
    ['sub', { sub: ['vera'] }, undefined],
    ['sub', { sub: 0.5 }, undefined],
    ['constructor.name', { sub: 'vera' }, undefined],
    ['sub.length', { sub: 'vera' }, undefined],
  ])('is read from %s of %j', (userClaim, claims, user) => {
    expect(readUser(claims, { userClaim })).toBe(user)
  })
})

describe('the permissions of a token', () => {
  const read = (claim: string, claims: Record<string, unknown>, map?: string) =>
    readPermissions(claims, {
      permissionsClaim: claim,
      permissionsMap:
        map === undefined ? undefined : externalSettings.authPermissionsMap.parse(map),
    })

  it.each([
    ['scope', { scope: 'openid  view-media edit-media' }, ['view-media', 'edit-media']],
    ['realm.roles', { realm: { roles: ['add-media', 'view-media'] } }, ['view-media', 'add-media']],
    ['permissions', { permissions: ['VIEW-MEDIA', 'view', 'public', 'session'] }, []],
    ['permissions', { permissions: [['view-media'], { a: 'edit-media' }, null, 5] }, []],
    ['permissions', { permissions: { 'view-media': true } }, []],
    ['permissions', { permissions: true }, []],
    ['permissions', {}, []],
  ])('are read from %s of %j', (claim, claims, permissions) => {
    expect(read(claim, claims)).toEqual(permissions)
  })

  it('are only those that the map assigns to the names of the other service', () => {
    const map =
      'media:read = view-media, media:write=edit-media,media:write=add-media,a=b=view-media'
    const claims = { permissions: ['media:write', 'delete-media', 'toString', 'other'] }
    expect(read('permissions', claims, map)).toEqual(['edit-media', 'add-media'])
    expect(read('permissions', { permissions: 'media:read a=b' }, map)).toEqual(['view-media'])
  })
})
