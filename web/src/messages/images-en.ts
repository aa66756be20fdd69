/** The texts of the tools for one image. They are loaded with those tools, not with the first page. */
export const imagesEn = {
  focusName: 'Focal point on the image',
  focusHint:
    'Click or drag, or use the arrow keys (with Shift: larger steps). The Delete key removes the point.',
  clearFocus: 'Remove',
  crop: (across: number, down: number) => `Cropped to ${across} by ${down}`,
  noCrops: 'Without a point, crops keep the part of the image that stands out most.',
}
