import { InvalidResponseError } from '../errors/InvalidResponseError.js';

/** No answer of the API comes near this many bytes. */
const limit = 1 << 20;

/** The text of an answer, of which no more is read than an answer of the API may hold. */
export const bodyOf = async (response: Response): Promise<string> => {
  if (Number(response.headers.get('content-length') ?? 0) > limit) {
    await response.body?.cancel().catch(() => undefined);
    throw tooLarge();
  }
  const reader = response.body?.getReader?.();
  if (!reader) {
    const text = await response.text(); // React Native streams no body
    if (text.length > limit) throw tooLarge();
    return text;
  }
  const decoder = new TextDecoder();
  let [text, size] = ['', 0];
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    size += value.byteLength;
    if (size > limit) {
      await reader.cancel().catch(() => undefined);
      throw tooLarge();
    }
    text += decoder.decode(value, { stream: true });
  }
};

const tooLarge = (): InvalidResponseError => new InvalidResponseError('The answer is larger than any of the API.');
