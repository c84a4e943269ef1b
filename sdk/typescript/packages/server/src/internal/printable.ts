/** Whether a text is at most `limit` visible ASCII characters. */
export const printable = (text: string, limit: number): boolean => text.length <= limit && /^[\x21-\x7e]*$/.test(text);
