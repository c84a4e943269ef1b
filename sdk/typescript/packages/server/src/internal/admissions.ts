import type { Admission } from '../createGuard.js';

/** What was let through, by the framework's object of the request. */
export const admissions = new WeakMap<object, Admission>();
