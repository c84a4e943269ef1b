/** Reads base64url without padding, in its one canonical form; undefined if it is not that. */
export const base64url = (text: string): Buffer | undefined => {
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? bytes : undefined;
};
