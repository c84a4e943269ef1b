import { clientOf, type StepUpClient } from './internal/client.js';
import { configOf, type StepUpClientOptions } from './internal/config.js';
import { Core } from './internal/core.js';

/**
 * Makes a client of one environment. It is the default from now on: every function uses it that is given no other. Nothing is sent
 * until the first function needs the server.
 *
 * @throws InvalidParamError if `environmentId` is no UUID, or `apiBaseUrl` no HTTPS address (HTTP is taken on loopback).
 * @example
 * ```ts
 * import { createStepUpClient } from '@stepup-auth/client';
 *
 * createStepUpClient({
 *   environmentId: '11111111-2222-4333-8444-555555555555',
 *   apiBaseUrl: 'https://auth.example.com',
 *   storage: localStorage,
 * });
 * ```
 */
export const createStepUpClient = (options: StepUpClientOptions): StepUpClient => clientOf(new Core(configOf(options)));
