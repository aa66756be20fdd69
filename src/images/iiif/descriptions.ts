import { binaryAnswer } from '../../http/openapi.ts'
import { Type } from '../../http/schema.ts'

export const IMAGE_PARAMETERS = {
  region: Type.String({ description: '`full`, `square`, `x,y,w,h` or `pct:x,y,w,h`' }),
  size: Type.String({ description: '`max`, `w,`, `,h`, `w,h`, `!w,h` or `pct:n`; `^` before it' }),
  rotation: Type.String({ description: '0, 90, 180 or 270; `!` before it mirrors first' }),
  file: Type.String({ description: 'Quality and format: `default.jpg`, `gray.webp`' }),
}

const Info = Type.Object(
  {
    '@context': Type.String(),
    id: Type.String(),
    type: Type.Literal('ImageService3'),
    protocol: Type.String(),
    profile: Type.Literal('level2'),
    width: Type.Integer(),
    height: Type.Integer(),
  },
  { additionalProperties: true },
)

const NONE = { 304: Type.Null(), 308: Type.Null() }

export const ANSWERS = {
  base: { 303: Type.Null(), 308: Type.Null() },
  info: {
    200: {
      description: 'The information',
      content: { 'application/ld+json': { schema: Info }, 'application/json': { schema: Info } },
    },
    ...NONE,
  },
  image: { 200: binaryAnswer('image/jpeg', 'The image'), ...NONE },
}

export const REFUSALS = {
  failure: 'Error processing media',
  refusals: {
    400: 'Invalid parameters',
    404: 'Media not found',
    501: 'Not implemented',
    503: 'Service busy',
  },
} as const
