import { NoPasskeyCredentialsFoundError } from '../errors/NoPasskeyCredentialsFoundError.js';
import type { PreparePasskeyMFAParams } from '../preparePasskeyMFA.js';
import type { Core } from './core.js';
import { memberOf } from './json.js';
import { send } from './send.js';
import type { Session } from './state.js';

/** The server's challenges live five minutes. */
const life = 240_000;

type Prepared = NonNullable<Core['preparedPasskey']>;

/** Options of a passkey prompt. They answer one prompt. */
export const prepare = async (core: Core, within: Session, { bindingId, relatedOriginRpId }: PreparePasskeyMFAParams): Promise<Prepared> => {
  const query = { bindingId, relatedOriginRpId };
  const options = await send(core, { method: 'GET', path: '/users/passkeys/authenticate', query, session: within });
  const allowed = memberOf(options, 'allowCredentials');
  if (!Array.isArray(allowed) || allowed.length === 0) throw new NoPasskeyCredentialsFoundError();
  return { options, for: whatFor(query), until: core.config.now() + life };
};

/** Takes what was fetched ahead, if it is for this prompt. */
export const takePrepared = (core: Core, options: PreparePasskeyMFAParams): Prepared | undefined => {
  const prepared = core.preparedPasskey;
  if (!prepared || prepared.for !== whatFor(options) || prepared.until < core.config.now()) return undefined;
  core.preparedPasskey = null;
  return prepared;
};

const whatFor = ({ bindingId, relatedOriginRpId }: PreparePasskeyMFAParams): string => JSON.stringify([bindingId, relatedOriginRpId]);
