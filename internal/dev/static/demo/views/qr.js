// A QR code as a drawing: black on white in every theme, as cameras want it.

import { svg } from '../dom.js'
import { encodeQr } from '../stepup/client.js'

export function qrCode(text, label) {
  const { data, size } = encodeQr(text, { ecc: 'M', border: 2 })
  const squares = data.flatMap((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : ''))).join('')
  return svg('svg', { class: 'qr', viewBox: `0 0 ${size} ${size}`, role: 'img', 'aria-label': label, 'shape-rendering': 'crispEdges' }, svg('path', { d: squares }))
}
