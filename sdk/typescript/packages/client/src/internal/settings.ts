import type { MFAAction, MinApiVersionEnum } from '@stepup-auth/core';
import { InvalidResponseError } from '../errors/InvalidResponseError.js';
import { memberOf, textOf } from './json.js';

/** A provider that users can log in with. */
export interface SettingsProvider {
  provider: string;
  clientId?: string;
  baseAuthUrl?: string;
  redirectUrl?: string;
  scopes?: string;
  [more: string]: unknown;
}

/** What the environment tells clients about itself. */
export interface ProjectSettings {
  environmentName: string;
  general: { displayName?: string; [more: string]: unknown };
  providers?: SettingsProvider[];
  sdk: { minApiVersion?: MinApiVersionEnum; [more: string]: unknown };
  security: {
    auth?: { storage: string[] };
    mfa?: {
      enabled: boolean;
      required: boolean;
      enrollment: string;
      methods: { type: string; enabled: boolean; allowBackupCodes?: boolean }[];
      actions: { action: MFAAction; required: boolean; tokenBehavior?: string; tokenExpirySeconds?: number }[];
    };
    [more: string]: unknown;
  };
  [more: string]: unknown;
}

/** Takes the document if it has what the client reads. */
export const settingsOf = (json: unknown): ProjectSettings => {
  const security = memberOf(json, 'security');
  if (textOf(json, 'environmentName') === undefined || typeof security !== 'object' || security === null) {
    throw new InvalidResponseError('The settings are none: does apiBaseUrl name a stepup server?');
  }
  return json as ProjectSettings;
};

export const usesCookies = (settings: ProjectSettings | null): boolean => settings?.security.auth?.storage?.includes('cookie') ?? false;

export const isActionOn = (settings: ProjectSettings | null, action: MFAAction): boolean =>
  settings?.security.mfa?.actions?.some((entry) => entry.action === action && entry.required) ?? false;
