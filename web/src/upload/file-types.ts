/** Extensions of the formats that a server may accept. */
const EXTENSIONS =
  'jpg jpeg png apng webp gif avif avifs heic heif hif tif tiff svg jxl bmp dib'.split(' ')

/** For a dialog that picks files. Not every system knows the newer extensions as images. */
export const ACCEPTED_FILES = ['image/*', ...EXTENSIONS.map((extension) => `.${extension}`)].join()

/** Whether a file without a type may be an image, by its name. */
export const isImageName = (name: string): boolean =>
  EXTENSIONS.includes(name.slice(name.lastIndexOf('.') + 1).toLowerCase())
