import type { Core } from './core.js';
import { objectOf, parseJSON } from './json.js';

/** A hosted prompt that was begun, while the browser is at it. */
export interface HostedPrompt {
  readonly promptId: string;
  readonly state: string;
  /** Proof Key for Code Exchange: who began is who finishes. */
  readonly codeVerifier: string;
  readonly requestedScopes: readonly string[];
  /** The session it began in. */
  readonly sessionId: string;
}

const keyOf = (core: Core): string => `stepup:${core.config.issuer}:prompt`;

/** Remembers it while the browser is away. A later one takes its place. */
export const keepPrompt = async (core: Core, prompt: HostedPrompt): Promise<void> => {
  await core.config.redirectStorage.setItem(keyOf(core), JSON.stringify(prompt));
};

/** Takes the one that is remembered, if it is the one that came back under this state. */
export const takePrompt = async (core: Core, state: string): Promise<HostedPrompt | undefined> => {
  const text = await core.config.redirectStorage.getItem(keyOf(core));
  if (text === null) return undefined;
  const prompt = objectOf(parseJSON(text)) as unknown as HostedPrompt;
  if (prompt.state !== state) return undefined;
  await core.config.redirectStorage.removeItem(keyOf(core));
  return prompt;
};
