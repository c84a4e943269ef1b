import type { JwtVerifiedCredentialFormatEnum } from '../enums/JwtVerifiedCredentialFormatEnum.js';
import type { ProviderEnum } from '../enums/ProviderEnum.js';
import type { WalletProviderEnum } from '../enums/WalletProviderEnum.js';
import { date, flag, list, member, model, nested, optional, record, text } from '../internal/model.js';
import { type NameServiceData, NameServiceDataFromJSON } from './NameServiceData.js';
import { type WalletAdditionalAddress, WalletAdditionalAddressFromJSON } from './WalletAdditionalAddress.js';

/** Something by which a user can sign in or be reached: an address, a number, a wallet, a social account, a passkey. */
export interface JwtVerifiedCredential {
  address?: string;
  chain?: string;
  refId?: string;
  signerRefId?: string;
  email?: string;
  id: string;
  nameService?: NameServiceData;
  publicIdentifier?: string;
  walletName?: string;
  walletProvider?: WalletProviderEnum;
  walletProperties?: object;
  businessAccountProperties?: object;
  format: JwtVerifiedCredentialFormatEnum;
  oauthProvider?: ProviderEnum;
  oauthUsername?: string;
  oauthDisplayName?: string | null;
  oauthAccountId?: string | null;
  phoneNumber?: string;
  phoneCountryCode?: string;
  isoCountryCode?: string;
  oauthAccountPhotos?: string[];
  oauthEmails?: string[];
  oauthMetadata?: object;
  previousUsers?: string[];
  embeddedWalletId?: string | null;
  walletAdditionalAddresses?: WalletAdditionalAddress[];
  lastSelectedAt?: Date;
  signInEnabled: boolean;
  verifiedAt?: Date;
  /** Ours: the login elsewhere that an external user comes from. */
  externalIssuer?: string;
  /** Ours: who the user is there. */
  externalUserId?: string;
  /** Ours: what linked it. */
  provenance?: string;
  /** Ours: false if it was linked with nothing and does not count until it is confirmed. */
  confirmed?: boolean;
  /** Ours: somebody said it was not the user's, and nobody has decided. */
  disputed?: boolean;
}

/** Reads a credential as the server writes it. Throws a TypeError if it is none. */
export const JwtVerifiedCredentialFromJSON = /* @__PURE__ */ model<JwtVerifiedCredential>('JwtVerifiedCredential', {
  address: optional(text),
  chain: optional(text),
  refId: optional(text),
  signerRefId: optional(text),
  email: optional(text),
  id: text,
  nameService: ['name_service', optional(nested(NameServiceDataFromJSON))],
  publicIdentifier: ['public_identifier', optional(text)],
  walletName: ['wallet_name', optional(text)],
  walletProvider: ['wallet_provider', optional(member())],
  walletProperties: ['wallet_properties', optional(record)],
  businessAccountProperties: ['business_account_properties', optional(record)],
  format: member(),
  oauthProvider: ['oauth_provider', optional(member())],
  oauthUsername: ['oauth_username', optional(text)],
  oauthDisplayName: ['oauth_display_name', optional(text)],
  oauthAccountId: ['oauth_account_id', optional(text)],
  phoneNumber: optional(text),
  phoneCountryCode: optional(text),
  isoCountryCode: optional(text),
  oauthAccountPhotos: ['oauth_account_photos', optional(list(text))],
  oauthEmails: ['oauth_emails', optional(list(text))],
  oauthMetadata: ['oauth_metadata', optional(record)],
  previousUsers: ['previous_users', optional(list(text))],
  embeddedWalletId: ['embedded_wallet_id', optional(text)],
  walletAdditionalAddresses: ['wallet_additional_addresses', optional(list(nested(WalletAdditionalAddressFromJSON)))],
  lastSelectedAt: optional(date),
  signInEnabled: flag,
  verifiedAt: optional(date),
  externalIssuer: ['external_issuer', optional(text)],
  externalUserId: ['external_user_id', optional(text)],
  provenance: optional(text),
  confirmed: optional(flag),
  disputed: optional(flag),
});
