/** A kind of file: its name with an article, and its MIME type. */
export interface Kind {
  name: string
  type: string
}

/** Bytes at an offset, in Latin-1, that identify a format. */
type Signature = readonly [offset: number, text: string]

/** Kinds by signatures. All signatures of an entry must match. The first entry that matches counts. */
const KINDS: readonly (Kind & { signatures: readonly Signature[] })[] = [
  kind('a JPEG XL image', 'image/jxl', [0, '\0\0\0\x0cJXL \r\n\x87\n']),
  kind('a JPEG XL image', 'image/jxl', [0, '\xff\x0a']),
  kind('a JPEG 2000 image', 'image/jp2', [0, '\0\0\0\x0cjP  \r\n\x87\n']),
  kind('a JPEG 2000 image', 'image/j2c', [0, '\xff\x4f\xff\x51\0']),
  kind('a JPEG XR image', 'image/jxr', [0, 'II\xbc']),
  kind('an icon (ICO)', 'image/vnd.microsoft.icon', [0, '\0\0\x01\0'], [5, '\0']),
  kind('a cursor (CUR)', 'image/vnd.microsoft.icon', [0, '\0\0\x02\0'], [5, '\0']),
  kind('a Photoshop document (PSD)', 'image/vnd.adobe.photoshop', [0, '8BPS\0\x01']),
  kind('a large Photoshop document (PSB)', 'image/vnd.adobe.photoshop', [0, '8BPS\0\x02']),
  kind('a GIMP image (XCF)', 'image/x-xcf', [0, 'gimp xcf ']),
  kind('an OpenEXR image', 'image/x-exr', [0, 'v/1\x01']),
  kind('a Radiance image (HDR)', 'image/vnd.radiance', [0, '#?RADIANCE']),
  kind('a DirectDraw texture (DDS)', 'image/vnd.ms-dds', [0, 'DDS |\0\0\0']),
  kind('a QOI image', 'image/qoi', [0, 'qoif']),
  kind('a BPG image', 'image/bpg', [0, 'BPG\xfb']),
  kind('an MNG animation', 'video/x-mng', [0, '\x8aMNG\r\n\x1a\n']),
  kind('a DICOM image', 'application/dicom', [128, 'DICM']),
  kind('a FITS image', 'image/fits', [0, 'SIMPLE  =']),
  kind('a Windows metafile (WMF)', 'image/wmf', [0, '\xd7\xcd\xc6\x9a']),
  kind('an enhanced Windows metafile (EMF)', 'image/emf', [0, '\x01\0\0\0'], [40, ' EMF']),
  kind('a raw image of a Fujifilm camera (RAF)', 'image/x-fujifilm-raf', [0, 'FUJIFILMCCD-RAW ']),
  kind('a raw image of a Sigma camera (X3F)', 'image/x-sigma-x3f', [0, 'FOVb']),
  kind('a raw image of a Minolta camera (MRW)', 'image/x-minolta-mrw', [0, '\0MRM']),
  kind('a PDF or Illustrator document', 'application/pdf', [0, '%PDF-']),
  kind('a PostScript document', 'application/postscript', [0, '%!PS']),
  kind('an AVI video', 'video/vnd.avi', [0, 'RIFF'], [8, 'AVI ']),
  kind('a WAV sound', 'audio/wav', [0, 'RIFF'], [8, 'WAVE']),
  kind('an animated cursor (ANI)', 'application/x-navi-animation', [0, 'RIFF'], [8, 'ACON']),
  kind('a MIDI file', 'audio/midi', [0, 'RIFF'], [8, 'RMID']),
  kind('a CorelDRAW document', 'application/vnd.corel-draw', [0, 'RIFF'], [8, 'CDR']),
]

function kind(name: string, type: string, ...signatures: Signature[]) {
  return { name, type, signatures }
}

/** Header sizes of the versions of Windows bitmaps. The header begins with its own size. */
const BITMAP_HEADERS: readonly number[] = [12, 16, 40, 52, 56, 64, 108, 124]

/** @param start the first bytes of a file */
export function kindBySignature(start: Buffer): Kind | undefined {
  const has = ([offset, text]: Signature) =>
    start.toString('latin1', offset, offset + text.length) === text
  if (has([0, 'BM']) && start.length >= 18 && BITMAP_HEADERS.includes(start.readUInt32LE(14))) {
    return { name: 'a Windows bitmap (BMP)', type: 'image/bmp' }
  }
  if (
    /^P[1-7]$/.test(start.toString('latin1', 0, 2)) &&
    /^\s$/.test(String.fromCharCode(start[2] ?? 0))
  ) {
    return { name: 'a Netpbm image', type: 'image/x-portable-anymap' }
  }
  const found = KINDS.find(({ signatures }) => signatures.every(has))
  return found && { name: found.name, type: found.type }
}
