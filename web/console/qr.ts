import { encode } from 'uqr';

const svg = 'http://www.w3.org/2000/svg';

/** Draws the QR code of data-qr: black on white in every theme, for cameras, with the quiet zone that they need. */
export function qrCodes(): void {
  for (const place of document.querySelectorAll<HTMLElement>('[data-qr]')) {
    const { data, size } = encode(place.dataset['qr']!, { ecc: 'M', border: 4 });
    const image = document.createElementNS(svg, 'svg');
    image.setAttribute('viewBox', `0 0 ${size} ${size}`);
    image.setAttribute('role', 'img');
    image.setAttribute('aria-label', 'QR code for your authenticator app');
    image.setAttribute('shape-rendering', 'crispEdges');
    image.append(path('qr-light', `M0 0h${size}v${size}h-${size}z`));
    image.append(path('qr-dark', data.flatMap((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : ''))).join('')));
    place.append(image);
  }
}

function path(name: string, d: string): SVGPathElement {
  const made = document.createElementNS(svg, 'path');
  made.setAttribute('class', name);
  made.setAttribute('d', d);
  return made;
}
