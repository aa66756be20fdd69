import { describe, expect, it } from 'vitest'
import { textOfHtml } from './html-text.ts'

describe('the text of HTML', () => {
  it.each([
    ['no HTML', 'Tokyo Tower, 333 m', 'Tokyo Tower, 333 m'],
    [
      'entities',
      'Fish &amp; Chips &#8211; &uuml;ber &lt;b&gt; &hellip;&nbsp;x',
      'Fish & Chips – über <b> … x',
    ],
    ['an entity once', '&amp;lt;', '&lt;'],
    ['an ampersand alone', 'Q&A & more &unknown; &copy 2026', 'Q&A & more &unknown; © 2026'],
    [
      'elements within a line',
      'The <em>old</em> <a href="https://x.example/?a>b">tower</a>.',
      'The old tower.',
    ],
    ['paragraphs', '<p>One\n  line.</p>\n\n<p>Another.</p>\n', 'One line.\n\nAnother.'],
    ['line breaks', 'One<br>two<br />three', 'One\ntwo\nthree'],
    ['lists', '<ul><li>a</li>\n<li>b <b>c</b></li></ul>end', '- a\n- b c\n\nend'],
    [
      'what nobody sees',
      '<style>p{}</style><!-- wp:x --><p>a<script>if (a<b) "</p>"</script></p>',
      'a',
    ],
    ['elements that do not end', '<div><p>a<p>b', 'a\n\nb'],
    ['a less-than sign', 'a < b and 3 <4', 'a < b and 3 <4'],
    ['nothing', ' \n<p> </p>', ''],
  ])('of %s', (_, html, text) => {
    expect(textOfHtml(html)).toBe(text)
  })
})
