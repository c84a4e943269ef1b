/** Whether a text may name an operation or a request. */
export const isOperationId = (text: unknown): text is string => typeof text === 'string' && /^[A-Za-z0-9._:-]{1,128}$/.test(text);
