import { describe, expect, it } from 'vitest'
import { downloadName } from './download-name.ts'

const bytesOf = (name: string) => Buffer.byteLength(name)

describe('the name of a download', () => {
  it.each([
    ['Tower at night', 'jpg', 'Tower at night.jpg'],
    ['IMG_1.jpeg', 'jpg', 'IMG_1.jpeg'],
    ['IMG_1.JPG', 'jpg', 'IMG_1.JPG'],
    ['IMG_1.jfif', 'jpg', 'IMG_1.jfif'],
    ['moving.apng', 'png', 'moving.apng'],
    ['IMG_1.png', 'jpg', 'IMG_1.png.jpg'],
    ['jpeg', 'jpg', 'jpeg.jpg'],
    ['.jpeg', 'jpg', 'jpeg.jpg'],
    ['Vol. 2', 'webp', 'Vol. 2.webp'],
    ['東京 🌲', 'avif', '東京 🌲.avif'],
    ['..hidden', 'gif', 'hidden.gif'],
    ['dots and spaces . . ', 'gif', 'dots and spaces.gif'],
    ['wide spaces\u3000', 'gif', 'wide spaces.gif'],
    ['a .jpg', 'jpg', 'a.jpg'],
    ['../../etc/passwd', 'png', '_.._etc_passwd.png'],
    ['a<b>c:d"e/f\\g|h?i*j\u0007k', 'png', 'a_b_c_d_e_f_g_h_i_j_k.png'],
    ['CON', 'png', '_CON.png'],
    ['nul.tar', 'png', '_nul.tar.png'],
    ['com¹ .png', 'png', '_com¹.png'],
    ['Lpt9.jpeg', 'jpg', '_Lpt9.jpeg'],
    ['Conrad', 'png', 'Conrad.png'],
    ['\u202egpj.exe', 'jpg', 'gpj.exe.jpg'],
    ['half \ud800', 'png', 'half \ufffd.png'],
    ['...', 'png', 'image.png'],
    ['\u200b', 'png', 'image.png'],
  ])('of %j as %s is %j', (name, extension, expected) => {
    expect(downloadName(name, extension)).toBe(expected)
  })

  it.each([
    ['Latin', 'x'.repeat(255), 'jpg', '.jpg', 255],
    ['Japanese', '夜'.repeat(255), 'jpg', '.jpg', 255 - 2],
    ['an own extension', `${'夜'.repeat(200)}.jpeg`, 'jpg', '.jpeg', 255 - 1],
    ['a family that is one character', '👩‍👩‍👧'.repeat(60), 'webp', '.webp', 18 * 13 + 5],
    ['a reserved name', `con.${'夜'.repeat(250)}`, 'gif', '.gif', 255],
  ])('fits file systems and keeps its extension: %s', (_, name, extension, end, bytes) => {
    const saved = downloadName(name, extension)
    expect(saved.endsWith(end)).toBe(true)
    expect(bytesOf(saved)).toBeLessThanOrEqual(255)
    expect(bytesOf(saved)).toBe(bytes)
    expect(saved.isWellFormed()).toBe(true)
  })

  it('does not change when a downloaded file is uploaded and downloaded again', () => {
    for (const name of ['IMG_1.jpeg', 'CON', '夜'.repeat(255), 'a/b?', '.hidden']) {
      const saved = downloadName(name, 'jpg')
      expect(downloadName(saved, 'jpg')).toBe(saved)
    }
  })
})
