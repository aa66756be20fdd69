/** A number of 0 or more in decimal digits, with or without a fraction. */
export const readDecimal = (text: string): number | undefined =>
  /^(?:\d+(?:\.\d+)?|\.\d+)$/.test(text) ? Number(text) : undefined
