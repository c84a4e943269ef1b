import {
  acknowledgeRecoveryCodes,
  authenticateMfaRecoveryCode,
  authenticateTotpMfaDevice,
  createNewMfaRecoveryCodes,
  type CreateMfaTokenOption,
  deleteMfaDevice,
  getMfaDevices,
  getMfaRecoveryCodes,
  InvalidParamError,
  type MFADevice,
  registerTotpMfaDevice,
  type Scope,
  setDefaultMfaDevice,
  type StepUpClient,
} from '@stepup-auth/client';
import type { MFARegisterTotpDeviceGetResponse } from '@stepup-auth/core';

export interface AuthenticateDeviceParams {
  code: string;
  /** There is but `totp`. */
  type?: 'totp';
  deviceId?: string;
  /** Legacy: ask for a token of action-based MFA. */
  createMfaToken?: CreateMfaTokenOption;
  /** What it proves: the token for it is held afterwards. */
  requestedScopes?: readonly Scope[];
}

export interface UseMfa {
  /** Begins to enrol an authenticator app, which needs a token for `credential:link`. Show `uri` as a QR code. */
  addDevice(type?: 'totp'): Promise<MFARegisterTotpDeviceGetResponse>;
  /** Confirms the app that is being enrolled. */
  verifyDevice(code: string, type?: 'totp'): Promise<void>;
  /** Proves with a code that it is the user. Answers the token of action-based MFA, if one was asked for. */
  authenticateDevice(params: AuthenticateDeviceParams): Promise<string | undefined>;
  /** The same without any token. */
  authDevice(code: string, type?: 'totp', deviceId?: string): Promise<void>;
  authRecoveryCode(code: string): Promise<void>;
  getUserDevices(): Promise<MFADevice[]>;
  /** Makes a device the default one. */
  updateUserDevice(deviceId: string): Promise<void>;
  /** Removes a device, with a token for `credential:unlink`, or of action-based MFA where that still opens it. */
  deleteUserDevice(deviceId: string, mfaAuthToken?: string): Promise<void>;
  /** The recovery codes, or new ones in place of all others. */
  getRecoveryCodes(generateNewCodes?: boolean): Promise<string[]>;
  /** Says that the user has kept the recovery codes. */
  completeAcknowledgement(): Promise<void>;
}

/** The app that is being enrolled, by client: another component may confirm it. */
const enrolling = new WeakMap<StepUpClient, string>();

/** The calls of one client. */
export const mfaCallsOf = (client: StepUpClient): UseMfa => ({
  addDevice: async () => {
    const device = await registerTotpMfaDevice(client);
    enrolling.set(client, device.id);
    return device;
  },
  verifyDevice: async (code) => {
    const deviceId = enrolling.get(client);
    if (deviceId === undefined) throw new InvalidParamError('No device is being enrolled: call addDevice first.');
    await authenticateTotpMfaDevice({ code, deviceId }, client);
    enrolling.delete(client);
  },
  authenticateDevice: async ({ type: _, ...params }) => (await authenticateTotpMfaDevice(params, client)).mfaToken,
  authDevice: async (code, _, deviceId) => {
    await authenticateTotpMfaDevice({ code, ...(deviceId === undefined ? {} : { deviceId }) }, client);
  },
  authRecoveryCode: async (code) => {
    await authenticateMfaRecoveryCode({ code }, client);
  },
  getUserDevices: () => getMfaDevices(client),
  updateUserDevice: (deviceId) => setDefaultMfaDevice({ deviceId }, client),
  deleteUserDevice: (deviceId, mfaAuthToken) => deleteMfaDevice({ deviceId, ...(mfaAuthToken === undefined ? {} : { mfaAuthToken }) }, client),
  getRecoveryCodes: async (generateNewCodes = false) =>
    (await (generateNewCodes ? createNewMfaRecoveryCodes(client) : getMfaRecoveryCodes(client))).recoveryCodes,
  completeAcknowledgement: () => acknowledgeRecoveryCodes(client),
});
