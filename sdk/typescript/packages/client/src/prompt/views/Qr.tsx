import type { VNode } from 'preact';
import { qrOf } from '../qr.js';

/** A QR code: black on white in every theme, for cameras. */
export const Qr = ({ text, label }: { text: string; label: string }): VNode => {
  const rows = qrOf(text);
  const size = rows.length;
  const path = rows.flatMap((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : ''))).join('');
  return (
    <svg viewBox={`0 0 ${size} ${size}`} role="img" aria-label={label} shape-rendering="crispEdges">
      <path class="qr-light" d={`M0 0h${size}v${size}h-${size}z`} />
      <path class="qr-dark" d={path} />
    </svg>
  );
};
