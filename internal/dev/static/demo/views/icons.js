// One small drawing per way to prove it, in the colour of the text.

import { svg } from '../dom.js'

const PATHS = {
  email: 'M3 6h18v12H3zM3 7l9 7 9-7',
  phoneNumber: 'M7 2.5h10v19H7zM10.5 18.5h3',
  totp: 'M12 3a9 9 0 1 0 9 9M12 7v5l3.5 2.5M17 3v4h4',
  passkey: 'M8 15a4 4 0 1 1 3.6-5.7L21 9.5v4h-2.5v2.5h-3v-2.5h-3.9A4 4 0 0 1 8 15zM7.5 11h.01',
  recoveryCode: 'M5 3h14v18H5zM8.5 8h2M13.5 8h2M8.5 12h2M13.5 12h2M8.5 16h2M13.5 16h2',
  blockchain: 'M3 7h15v3h3v9H3zM3 7V5h13v2M16.5 14.5h.01',
  oauth: 'M12 12a4 4 0 1 0-4-4 4 4 0 0 0 4 4zM4.5 21a7.5 7.5 0 0 1 15 0',
  externalUser: 'M4 4h10v16H4zM10 12h11M17.5 8.5 21 12l-3.5 3.5',
}

export function icon(format) {
  return svg('svg', { class: 'icon', viewBox: '0 0 24 24', 'aria-hidden': 'true' }, svg('path', { d: PATHS[format] ?? PATHS.oauth }))
}
