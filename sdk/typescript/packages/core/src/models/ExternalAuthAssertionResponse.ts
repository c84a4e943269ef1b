import { model, text } from '../internal/model.js';

/** The token that an assertion was traded for. */
export interface ExternalAuthAssertionResponse {
  elevatedAccessToken: string;
}

/** Reads the answer as the server writes it. Throws a TypeError if it is none. */
export const ExternalAuthAssertionResponseFromJSON = /* @__PURE__ */ model<ExternalAuthAssertionResponse>(
  'ExternalAuthAssertionResponse',
  { elevatedAccessToken: text },
);
