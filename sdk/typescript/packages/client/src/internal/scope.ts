import type { TokenScope } from '@stepup-auth/core';

/** A built-in scope, or one of the environment's own such as `transfer:create`. */
export type Scope = TokenScope | (string & {});
