import { encode } from 'uqr';

/** A QR code with the quiet zone that cameras need: rows of modules, of which the dark ones are true. */
export const qrOf = (text: string): readonly (readonly boolean[])[] => encode(text, { ecc: 'M', border: 4 }).data;
