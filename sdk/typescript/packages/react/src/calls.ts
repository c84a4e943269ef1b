export { type AuthenticateDeviceParams, mfaCallsOf, type UseMfa } from './internal/mfaCalls.js';
export { sendOtp, type SendOtpParams } from './internal/otp.js';
export { idle, type PromptParams, type StepUpAuthenticationState, type StepUpCalls } from './internal/stepUpCalls.js';
export { stepUpCallsOf, tracked } from './internal/stepUpCalls.js';
export type { StepUpWallet } from './internal/wallet.js';
export { Wallets, walletsOf } from './internal/wallets.js';
