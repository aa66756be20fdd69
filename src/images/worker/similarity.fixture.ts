const WINDOW = 8
const STEP = 4
/** Constants of the formula for values from 0 to 255. */
const [C1, C2] = [(0.01 * 255) ** 2, (0.03 * 255) ** 2]

/**
 * The structural similarity of two gray images, 1 if they are the same: the mean over square windows. Wang et al.,
 * "Image Quality Assessment: From Error Visibility to Structural Similarity", 2004.
 */
export function similarityOf(one: Buffer, other: Buffer, width: number, height: number): number {
  let sum = 0
  let count = 0
  for (let top = 0; top + WINDOW <= height; top += STEP) {
    for (let left = 0; left + WINDOW <= width; left += STEP) {
      sum += compareWindow(one, other, top * width + left, width)
      count += 1
    }
  }
  return sum / count
}

function compareWindow(one: Buffer, other: Buffer, start: number, width: number): number {
  const n = WINDOW ** 2
  let [a, b, aa, bb, ab] = [0, 0, 0, 0, 0]
  for (let pixel = 0; pixel < n; pixel++) {
    const at = start + Math.floor(pixel / WINDOW) * width + (pixel % WINDOW)
    const [x, y] = [one[at] ?? 0, other[at] ?? 0]
    a += x / n
    b += y / n
    aa += (x * x) / n
    bb += (y * y) / n
    ab += (x * y) / n
  }
  const variances = aa - a * a + bb - b * b
  const means = (2 * a * b + C1) / (a * a + b * b + C1)
  return (means * (2 * (ab - a * b) + C2)) / (variances + C2)
}
