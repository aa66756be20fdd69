/**
 * Hostile SVG drawings: each is a known kind of attack on programs that draw them. Public suites of such files have many
 * examples of each kind.
 */
import { makeClaimingPng } from '../fixtures.ts'

export const svg = (content: string, attributes = ''): Buffer =>
  Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:xi="http://www.w3.org/2001/XInclude" viewBox="0 0 64 48" ${attributes}>${content}</svg>`,
  )

const withDeclarations = (declarations: string, content: string, externalId = '') =>
  Buffer.concat([
    Buffer.from(`<?xml version="1.0"?><!DOCTYPE svg ${externalId}[${declarations}]>`),
    svg(content),
  ])

const count = <T>(length: number, make: (index: number) => T): T[] =>
  Array.from({ length }, (_, index) => make(index))

const RECT = '<rect width="64" height="48" fill="#0f0"/>'

/**
 * Ways in which a part of a drawing names another file.
 * @param id of this call, for the names within the drawing
 */
export function referencesTo(url: string, id: number): Readonly<Record<string, string>> {
  const xhtml = 'xmlns="http://www.w3.org/1999/xhtml"'
  const style = (text: string) => `<style>${text}</style>`
  const paint = `url(${url}#red)`
  const inner = svg(`<image width="64" height="48" href="${url}"/>`).toString('base64')
  return {
    'a picture': `<image width="64" height="48" href="${url}"/>`,
    'a picture by XLink': `<image width="64" height="48" xlink:href="${url}"/>`,
    'a picture in a pattern': `<pattern id="p${id}" width="1" height="1"><image width="64" height="48" href="${url}"/></pattern><rect width="64" height="48" fill="url(#p${id})"/>`,
    'a picture of a filter': `<filter id="f${id}"><feImage href="${url}"/></filter><rect width="64" height="48" filter="url(#f${id})"/>`,
    'a picture in a drawing within': `<image width="64" height="48" href="data:image/svg+xml;base64,${inner}"/>`,
    'a drawing that is used': `<use href="${url}#red"/><use xlink:href="${url}"/>`,
    'a text that is used': `<text y="20"><tref xlink:href="${url}#red"/></text>`,
    'the path of a text': `<text><textPath href="${url}#red">text</textPath></text>`,
    paints: `<rect width="64" height="48" style="fill:${paint};stroke:${paint};marker:${paint};cursor:url(${url})"/>`,
    'masks and clips': `<rect width="64" height="48" style="mask:${paint};clip-path:${paint}"/>`,
    'a filter': `<rect width="64" height="48" filter="${paint}"/>`,
    'a gradient and a pattern': `<linearGradient id="l${id}" href="${url}#red"/><pattern id="q${id}" href="${url}#red"/><rect width="9" height="9" fill="url(#l${id})"/><rect width="9" height="9" fill="url(#q${id})"/>`,
    'a style sheet by import': style(`@import url("${url}"); @import "${url}";`),
    'a style sheet by link': `<link ${xhtml} rel="stylesheet" href="${url}"/>`,
    'a font': `${style(`@font-face { font-family: x; src: url("${url}") }`)}<text y="20" font-family="x">text</text>`,
    'a colour profile': `<color-profile name="p" xlink:href="${url}"/><rect width="9" height="9" fill="#00f icc-color(p, 1, 1, 1)"/>`,
    'a script': `<script href="${url}"/><script xlink:href="${url}"/>`,
    'a page': `<foreignObject width="64" height="48"><iframe ${xhtml} src="${url}"/><object ${xhtml} data="${url}"/><img ${xhtml} src="${url}"/></foreignObject>`,
    'an included text': `<text y="40" font-size="40"><xi:include href="${url}" parse="text"/></text>`,
    'an included drawing': `<xi:include href="${url}"/>`,
    'what is included instead': `<xi:include href="none:"><xi:fallback><xi:include href="${url}" parse="text"/></xi:fallback></xi:include>`,
    'an animation': `<image width="64" height="48"><set attributeName="href" to="${url}"/></image>`,
  }
}

/** Ways in which a document names another file before its drawing begins. */
export const documentsNaming = (url: string): Readonly<Record<string, Buffer>> => ({
  'style sheets': Buffer.concat([
    Buffer.from(
      `<?xml-stylesheet type="text/css" href="${url}"?><?xml-stylesheet type="text/xsl" href="${url}"?>`,
    ),
    svg(RECT),
  ]),
  'a document type': withDeclarations('', RECT, `SYSTEM "${url}" `),
  'an entity': withDeclarations(`<!ENTITY e SYSTEM "${url}">`, '<text y="40">&e;</text>'),
  'an entity of declarations': withDeclarations(`<!ENTITY % e SYSTEM "${url}"> %e;`, RECT),
})

/** Each name of a list leads to the next, several times over. */
const multiply = (
  levels: number,
  times: number,
  first: string,
  make: (level: number, content: string) => string,
  refer: (level: number) => string,
) => first + count(levels, (level) => make(level + 1, refer(level).repeat(times))).join('')

const USES = multiply(
  12,
  9,
  '<g id="g0"><path d="M0 0h1v1z"/></g>',
  (level, content) => `<g id="g${level}">${content}</g>`,
  (level) => `<use href="#g${level}"/>`,
)

const filtered = (content: string, attributes = '') =>
  svg(
    `<filter id="f" ${attributes}>${content}</filter><rect width="64" height="48" filter="url(#f)"/>`,
  )

const laughs = (levels: number) =>
  `<!ENTITY l0 "l">${count(levels, (level) => `<!ENTITY l${level + 1} "${`&l${level};`.repeat(10)}">`).join('')}`

/** Each holds the next as a picture. */
function nest(depth: number, times: number): Buffer {
  if (depth === 0) return svg('<rect width="9" height="9"/>')
  const inner = nest(depth - 1, times).toString('base64')
  return svg(
    `<image width="64" height="48" href="data:image/svg+xml;base64,${inner}"/>`.repeat(times),
  )
}

const gigapixels = () =>
  `data:image/png;base64,${makeClaimingPng(60_000, 60_000).toString('base64')}`

/** Parts of a drawing that refer to themselves. */
export function makeCircles(): Readonly<Record<string, string>> {
  const paint = (name: string, id: string) => `<rect width="64" height="48" ${name}="url(#${id})"/>`
  return {
    'a group': '<g id="a1"><use href="#a1"/></g>',
    'two groups': '<g id="a2"><use href="#b2"/></g><g id="b2"><use href="#a2"/></g>',
    'a symbol': '<symbol id="a3"><use href="#a3"/></symbol><use href="#a3"/>',
    'a pattern': `<pattern id="a4" width="1" height="1">${paint('fill', 'a4')}</pattern>${paint('fill', 'a4')}`,
    'patterns by reference': `<pattern id="a5" href="#b5"/><pattern id="b5" href="#a5"/>${paint('fill', 'a5')}`,
    'gradients by reference': `<linearGradient id="a6" href="#b6"/><radialGradient id="b6" href="#a6"/>${paint('fill', 'a6')}`,
    'a mask': `<mask id="a7">${paint('mask', 'a7')}</mask>${paint('mask', 'a7')}`,
    'a path that clips': `<clipPath id="a8" clip-path="url(#a8)">${paint('clip-path', 'a8')}</clipPath>${paint('clip-path', 'a8')}`,
    'a marker':
      '<marker id="a9"><path d="M0 0h9v9" marker-mid="url(#a9)"/></marker><path d="M0 0h9v9h9" marker-mid="url(#a9)"/>',
    'a picture of a filter':
      '<filter id="a10"><feImage href="#b10"/></filter><rect id="b10" width="9" height="9" filter="url(#a10)"/>',
    'an inclusion': '<xi:include href=""/><xi:include href="#a11" xpointer="a11"/>',
    'a custom style':
      '<style>g { --a: var(--b); --b: var(--a); fill: var(--a) }</style><g><rect width="9" height="9"/></g>',
  }
}

/** Large numbers and large amounts. */
export function makeExcesses(): Readonly<Record<string, Buffer>> {
  return {
    'no size': svg('', 'width="0" height="0"'),
    'a negative size': svg('', 'width="-9" height="-9"'),
    'a size without an end': svg(RECT, 'width="1e308" height="1e308"'),
    'a size that is no number': svg(RECT, 'width="NaN" height="Infinity"'),
    'a ratio of 1 to a billion': svg('', 'width="1" height="1e9"'),
    'a view without an end': svg(RECT.replace('64', '1e308')),
    'transformations without an end': svg(
      `${'<g transform="scale(1e30)">'.repeat(12)}${RECT}${'</g>'.repeat(12)}`,
    ),
    'a letter of a billion pixels': svg('<text y="40" font-size="1e9">a</text>'),
    'a line a billion wide': svg('<path d="M0 0h9" stroke="#000" stroke-width="1e9"/>'),
    'a long dash': svg('<path d="M0 0H1e9" stroke="#000" stroke-dasharray="0.001"/>'),
    'negative dashes': svg('<path d="M0 0H9" stroke="#000" stroke-dasharray="-1 0"/>'),
    'a path of 300,000 lines': svg(`<path d="M0 0${'h1v1'.repeat(150_000)}"/>`),
    'a path of numbers without an end': svg(`<path d="M${'1e999 '.repeat(9999)}"/>`),
    '100,000 levels': svg('<g>'.repeat(100_000) + '</g>'.repeat(100_000)),
    '200 layers': svg(`${'<g opacity="0.9">'.repeat(200)}${RECT}${'</g>'.repeat(200)}`),
    '300,000 elements': svg('<path d="M0 0h1v1z"/>'.repeat(300_000)),
    '100,000 attributes': svg(`<g ${count(100_000, (at) => `a${at}=""`).join(' ')}/>`),
    '10,000 rules of style': svg(
      `<style>${count(10_000, (at) => `g:not(:first-child) > rect:nth-child(${at}) { fill: red }`).join('')}</style><g>${RECT.repeat(99)}</g>`,
    ),
    'a name of a megabyte': svg(`<${'a'.repeat(1_000_000)}/>`),
    'a text of a megabyte': svg(`<text y="20">${'text '.repeat(200_000)}</text>`),
    'an address of nothing': svg('<image width="9" height="9" href="data:,"/>'),
    'an address of garbage': svg(
      `<image width="9" height="9" href="data:image/png;base64,${'A'.repeat(1_000_000)}"/>`,
    ),
    'a picture of gigapixels': svg(`<image width="9" height="9" href="${gigapixels()}"/>`),
    'entities within entities': withDeclarations(
      '<!ENTITY a "&b;"><!ENTITY b "&a;">',
      '<text y="9">&a;</text>',
    ),
    'an entity of elements within itself': withDeclarations('<!ENTITY a "<g>&a;</g>">', '&a;'),
    'a drawing that uses itself': svg('<use href="#a"/>', 'id="a"'),
    'entities that unfold': withDeclarations(laughs(30), '<text y="9">&l29;</text>'),
    'entities that unfold within bounds': withDeclarations(laughs(5), '<text y="9">&l5;</text>'),
    'attributes that unfold': withDeclarations(laughs(30), '<text id="&l29;" y="9">a</text>'),
    'no bytes after its name': Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"'),
    'another element around it': Buffer.from(`<a>${svg(RECT)}</a>`),
    'two drawings': Buffer.concat([svg(RECT), svg(RECT)]),
    NULs: svg(`<text y="20">\0\0\0</text>${RECT}`),
  }
}

/** Much work for few bytes. */
export function makeLabours(): Readonly<Record<string, Buffer>> {
  const pattern = (level: number) =>
    `<pattern id="p${level}" width="0.01" height="0.01"><rect width="1" height="1" fill="url(#p${level + 1})"/></pattern>`
  return {
    'a billion uses': svg(`${USES}<use href="#g12"/>`),
    'a billion tiles': svg(
      `${count(9, pattern).join('')}<rect width="64" height="48" fill="url(#p0)"/>`,
    ),
    'a billion masks': svg(
      `${multiply(
        9,
        9,
        '<mask id="m0"><path d="M0 0h1v1z"/></mask>',
        (level, content) => `<mask id="m${level}">${content}</mask>`,
        (level) => `<rect width="64" height="48" mask="url(#m${level})"/>`,
      )}<rect width="64" height="48" mask="url(#m9)"/>`,
    ),
    'a billion markers': svg(
      `${multiply(
        9,
        9,
        '<marker id="k0"><path d="M0 0h1v1z"/></marker>',
        (level, content) => `<marker id="k${level}">${content}</marker>`,
        (level) => `<path d="M0 0h1v1h1" marker-mid="url(#k${level})"/>`,
      )}<path d="M0 0h1v1h1" marker-mid="url(#k9)"/>`,
    ),
    'a wide blur': filtered('<feGaussianBlur stdDeviation="9999"/>'),
    'noise of 9,999 octaves': filtered('<feTurbulence baseFrequency="0.9" numOctaves="9999"/>'),
    '300 filters': filtered('<feMorphology operator="dilate" radius="60"/>'.repeat(300)),
    'a wide erosion': filtered('<feMorphology operator="erode" radius="9999"/>'),
    'a large kernel': filtered(
      `<feConvolveMatrix order="99" kernelMatrix="${'1 '.repeat(9801)}"/>`,
    ),
    'a kernel that does not fit': filtered(
      '<feConvolveMatrix order="2147483647" kernelMatrix="1"/>',
    ),
    'tiles of a pixel': filtered('<feFlood width="0.01" height="0.01"/><feTile/>'),
    'light of 50 lamps': filtered(
      '<feSpecularLighting specularExponent="128"><fePointLight z="1"/></feSpecularLighting>'.repeat(
        50,
      ),
    ),
    'displacements without an end': filtered(
      '<feDisplacementMap in2="SourceGraphic" scale="1e30"/>',
    ),
    'a filter larger than the world': filtered(
      '<feFlood/><feOffset dx="1e9" dy="-1e9"/>',
      'x="-1e9" y="-1e9" width="2e9" height="2e9"',
    ),
    '2,000 filtered layers': svg(
      `<filter id="f"><feGaussianBlur stdDeviation="1"/></filter>${'<g filter="url(#f)">'.repeat(40)}${RECT.repeat(50)}${'</g>'.repeat(40)}`,
    ),
    'drawings within drawings': nest(6, 2),
  }
}

/** Each kind in a drawing of its own. */
export function makeDrawings(): Readonly<Record<string, Buffer>> {
  const url = 'http://127.0.0.1:1/red.svg'
  const apart = (parts: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, svg(part)]))
  return {
    ...apart(referencesTo(url, 0)),
    ...documentsNaming(url),
    ...apart(makeCircles()),
    ...makeExcesses(),
    ...makeLabours(),
  }
}
