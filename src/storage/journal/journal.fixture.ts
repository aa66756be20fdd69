/** For tests: makes a row of the table `files` that names a key. */
export const fileRow = (key: string) => ({
  key,
  sha256: key,
  type: 'image/jpeg',
  size: 10,
  width: 1,
  height: 1,
  frames: 1,
  thumbhash: '',
  color: '#000000',
  scaled_digest: `scaled ${key}`,
  high_digest: `high ${key}`,
})
