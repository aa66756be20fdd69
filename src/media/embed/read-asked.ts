import { AppError, parametersInvalid, quote } from '../../base/errors.ts'
import type { AskedImage, ImageAddresses } from '../../images/delivery/image-addresses.ts'

/**
 * Reads the options of an image in a parameter.
 * @throws AppError 400 "Invalid parameters" that names the parameter and its value, also for an unknown preset
 */
export async function readAsked(
  { read }: ImageAddresses,
  parameter: string,
  value: string,
): Promise<AskedImage> {
  try {
    return await read(value)
  } catch (error) {
    if (!(error instanceof AppError) || error.status >= 500) throw error
    throw parametersInvalid(`${parameter} is ${quote(value)}. ${error.detail ?? error.message}`)
  }
}
