import { useQuery } from '@tanstack/react-query'
import { api, call } from '../api/client'
import type { KnownItem } from './item-query'

/** Public addresses of an image with these options, signed where that is needed. */
export const useAddresses = ({ id, urls }: KnownItem, options: string[]) =>
  useQuery({
    // The template changes with the file and the focal point.
    queryKey: ['addresses', id, urls.template, options],
    queryFn: async ({ signal }) => {
      const { data } = await call(api.POST('/media/urls', { body: { id, options }, signal }))
      return data.urls.map((address) => new URL(address, location.href).href)
    },
    enabled: options.length > 0,
  })

/** The HTML that shows an image in all sizes. */
export const useHtml = ({ id, revision }: KnownItem) =>
  useQuery({
    queryKey: ['html', id, revision],
    queryFn: async ({ signal }) => {
      const params = { path: { id } }
      return (await call(api.GET('/media/item/{id}/html', { params, signal }))).data.html
    },
  })

/** The presets of the library; none while they are not known. */
export function usePresets() {
  const { data } = useQuery({
    queryKey: ['presets'],
    queryFn: async ({ signal }) => (await call(api.GET('/presets', { signal }))).data.presets,
  })
  return data ?? []
}
