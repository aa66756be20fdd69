/**
 * Inks (cyan, magenta, yellow, black) without a profile as browsers show them: the light that one ink leaves,
 * times that which black leaves.
 */
export function inksToRgb(inks: Buffer): Buffer {
  const rgb = Buffer.allocUnsafe((inks.length / 4) * 3)
  for (let from = 0, to = 0; from < inks.length; from += 4, to += 3) {
    const light = 255 - (inks[from + 3] ?? 0)
    for (let ink = 0; ink < 3; ink++) {
      rgb[to + ink] = Math.round(((255 - (inks[from + ink] ?? 0)) * light) / 255)
    }
  }
  return rgb
}
