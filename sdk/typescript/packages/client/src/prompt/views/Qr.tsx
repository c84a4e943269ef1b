import type { VNode } from 'preact';
import { encode } from 'uqr';

/** A QR code: black on white in every theme, for cameras, with the quiet zone that they need. */
export const Qr = ({ text, label }: { text: string; label: string }): VNode => {
  const { data, size } = encode(text, { ecc: 'M', border: 4 });
  const path = data.flatMap((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : ''))).join('');
  return (
    <svg viewBox={`0 0 ${size} ${size}`} role="img" aria-label={label} shape-rendering="crispEdges">
      <path class="qr-light" d={`M0 0h${size}v${size}h-${size}z`} />
      <path class="qr-dark" d={path} />
    </svg>
  );
};
